import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { ConsoleSession } from '../../policy/sessions/session.ts';
import type { ConsoleDeps } from './console-deps.ts';
import { requireOwnPage } from './own-page.ts';
import { cookieSecret } from './session-cookie.ts';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * The session whose cookie came, null without one. Only for requests that have no Authorization header.
 *
 * @throws GatewayError `session_expired`, `key_invalid`, `key_missing` for another site's page, and
 * `csrf_token_invalid` where something is to be changed without the session's token.
 */
export function authenticateSession(
  request: FastifyRequest,
  { isOn, sessions }: ConsoleDeps,
): Promise<ConsoleSession> | null {
  const secret = cookieSecret(request);
  if (secret === null || !isOn()) return null;
  requireOwnPage(request);
  // What an open page reads by itself keeps no login alive.
  const isUnattended = request.headers['x-console-unattended'] !== undefined;
  return sessions.use(secret, { isUnattended }).then((session) => taken(request, session));
}

function taken(request: FastifyRequest, session: ConsoleSession): ConsoleSession {
  if (!safeMethods.has(request.method)) requireToken(request, session);
  request.consoleSession = session;
  return session;
}

function requireToken({ headers }: FastifyRequest, { csrfToken }: ConsoleSession): void {
  const sent = headers['x-csrf-token'];
  const [given, wanted] = [
    Buffer.from(typeof sent === 'string' ? sent : ''),
    Buffer.from(csrfToken),
  ];
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new GatewayError(
    'csrf_token_invalid',
    `${sent === undefined ? 'There is no x-csrf-token' : 'The x-csrf-token is not that of this login'}. Send the csrf_token of GET /console/session as x-csrf-token.`,
  );
}
