import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import type { ConsoleSession } from '../../policy/sessions/session.ts';
import { consoleLinkUrl } from '../../protocol/console/link-url.ts';
import { linkAnswer, loginBody, sessionAnswer } from '../../protocol/console/session-answer.ts';
import { fileTypes } from '../console/console-files.ts';
import { logIn } from '../console/log-in.ts';
import { serveConsole } from '../console/serve-console.ts';
import { sessionBody } from '../console/session-body.ts';
import { clearCookie, setCookie } from '../console/session-cookie.ts';
import type { HttpDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import { limitRequest } from '../intake/limit-request.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

/** The console, and the logins of those who use it. */
export const consoleRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/console',
    audience: 'anyone',
    summary: 'The console, as pages for people.',
    mediaTypes: ['text/html'],
    fails: ['route_not_found'],
    handle: ({ deps, request, reply }) => serve(deps, '', { request, reply }),
  }),
  defineRoute({
    method: 'GET',
    url: '/console/*',
    audience: 'anyone',
    summary: 'The files and views of the console.',
    mediaTypes: fileTypes,
    params: z.object({ '*': z.string() }),
    handle: ({ deps, request, reply, params }) => serve(deps, params['*'], { request, reply }),
  }),
  defineRoute({
    method: 'POST',
    url: '/console/session',
    audience: 'anyone',
    summary: 'Log in to the console, with a key or the code of a one-time link.',
    fails: ['key_invalid', 'not_allowed', 'route_not_found', 'rate_limited', 'store_unavailable'],
    body: loginBody,
    answer: sessionAnswer,
    async handle({ deps, request, reply, body }) {
      requireConsole(deps);
      const session = await logIn(deps, request, body, (holder) =>
        limitRequest(deps, { request, reply }, { ...holder, requestId: request.id }),
      );
      // For the log: a login is somebody's.
      request.caller = { ...session.holder, requestId: request.id };
      setCookie(request, reply, session);
      return sessionBody(session, deps.settings.version);
    },
  }),
  defineRoute({
    method: 'GET',
    url: '/console/session',
    audience: 'callers',
    summary: 'Show the login whose cookie is sent.',
    fails: ['route_not_found'],
    answer: sessionAnswer,
    handle({ deps, request }) {
      requireConsole(deps);
      return sessionBody(sessionOf(request), deps.settings.version);
    },
  }),
  defineRoute({
    method: 'DELETE',
    url: '/console/session',
    audience: 'callers',
    status: 204,
    summary: 'Log out of the console.',
    fails: ['route_not_found'],
    async handle({ deps, request, reply }) {
      requireConsole(deps);
      await deps.console.sessions.end(sessionOf(request).secret);
      clearCookie(request, reply);
    },
  }),
  defineRoute({
    method: 'POST',
    url: '/console/links',
    audience: 'admins',
    summary: 'Make a link to the console that logs in as this key, once, within ten minutes.',
    fails: ['route_not_found'],
    answer: linkAnswer,
    async handle({ deps, request }) {
      requireConsole(deps);
      const lives = { seconds: linkSeconds };
      const link = await deps.console.sessions.newLink(callerOf(request), lives);
      return {
        url: consoleLinkUrl(`${request.protocol}://${request.host}`, link.code),
        expires_at: new Date((link.endsAtSeconds ?? 0) * 1000).toISOString(),
      };
    },
  }),
];

/** How long a link waits to be opened. */
const linkSeconds = 600;

function serve(deps: HttpDeps, path: string, exchange: Exchange): Promise<string | Buffer> {
  requireConsole(deps);
  const { build } = deps.console;
  return serveConsole({ files: exchange.request.server.consoleFiles, build }, path, exchange);
}

/** @throws GatewayError `route_not_found` where the console is off. */
function requireConsole(deps: HttpDeps): void {
  if (deps.console.isOn()) return;
  throw new GatewayError(
    'route_not_found',
    'The console is off. Set console.enabled: true in gateway.yaml and start the gateway again.',
  );
}

function sessionOf({ consoleSession }: FastifyRequest): ConsoleSession {
  if (consoleSession) return consoleSession;
  throw new GatewayError(
    'invalid_request',
    'The request came with a key, which is no login of the console. POST /console/session makes one.',
  );
}
