import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { HttpDeps } from '../deps.ts';
import { beginExchange, type Exchange } from '../exchange.ts';
import { authenticate, checkAccess } from './authenticate.ts';
import { allowOrigin } from './cors.ts';
import { limitRequest } from './limit-request.ts';
import { withUser } from './name-user.ts';

/**
 * Everything that is decided before a body is read: who calls, how often it has done so, whether it may, and whether
 * there is such a route.
 */
export function guardRequest(
  deps: HttpDeps,
  { request, reply }: Exchange,
  done: (error?: Error) => void,
): void {
  beginExchange(deps, request, reply);
  const doubled = doubledHeader(request);
  if (doubled !== null) {
    done(new GatewayError('invalid_request', `The request has two ${doubled} headers. Send one.`));
    return;
  }
  if (allowOrigin(request, reply, deps.settings.corsOrigins)) {
    reply.code(204).send();
    return;
  }
  try {
    const counting = identify(deps, { request, reply });
    if (counting) {
      counting
        .then(() => checkRoute(deps, { request, reply }))
        .then(
          () => done(),
          (error: Error) => done(error),
        );
      return;
    }
    checkRoute(deps, { request, reply });
    done();
  } catch (error) {
    done(error as Error);
  }
}

/** Of two such headers each reader of a request may take another: what stands in front of the gateway, and this side. */
function doubledHeader({ raw: { rawHeaders } }: FastifyRequest): 'Host' | 'Authorization' | null {
  let hosts = 0;
  let credentials = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts += 1;
    if (name?.length === 13 && name.toLowerCase() === 'authorization') credentials += 1;
  }
  if (hosts > 1) return 'Host';
  return credentials > 1 ? 'Authorization' : null;
}

/** Says who calls and counts it; a promise where there is a limit, or a token has to be checked. */
function identify(deps: HttpDeps, exchange: Exchange): Promise<void> | null {
  const { request } = exchange;
  if (request.routeOptions.config.audience === 'anyone' && !request.is404) return null;
  const admit = (caller: Caller) => {
    // Known also where its user is refused.
    request.caller = caller;
    request.caller = withUser(deps.users, request, caller);
    return limitRequest(deps, exchange, request.caller);
  };
  const caller = authenticate(request, deps);
  return caller instanceof Promise
    ? caller.then(async (known) => {
        watchSession(exchange);
        await admit(known);
      })
    : admit(caller);
}

function watchSession({ request, reply }: Exchange): void {
  const { consoleSession, server } = request;
  if (consoleSession) server.sessionWatch.add(consoleSession.secret, reply.raw);
}

function checkRoute(deps: HttpDeps, { request, reply }: Exchange): void {
  const { caller } = request;
  const { otherwiseKnown, startsRun } = request.routeOptions.config;
  if (caller) checkAccess(request, caller, deps.mayAdminister);
  const known = request.is404 ? methodsAtUnknown(request) : otherwiseKnown;
  if (known) checkMethod(request, reply, known);
  // A repeat takes no run of its key: whether there is one left is asked where it turns out to be none.
  else if (caller && startsRun && request.headers['idempotency-key'] === undefined) {
    deps.limits.checkRun(caller);
  }
}

/** @throws GatewayError where the path is none. */
function methodsAtUnknown(request: FastifyRequest): string {
  const known = request.server.methodsAt(request.url.split('?', 1)[0] ?? '');
  if (known === null) throw unknownUrl(request);
  return known;
}

function checkMethod(request: FastifyRequest, reply: FastifyReply, known: string): void {
  reply.header('allow', known);
  if (request.method === 'OPTIONS') return;
  throw new GatewayError(
    'method_not_allowed',
    `${request.method} is not possible here. Use ${known}.`,
  );
}

const maxShownLength = 200;

/** What a path that is no route answers. */
export function unknownUrl({ method, url, protocol, host }: FastifyRequest): GatewayError {
  const path = url.split('?', 1)[0] ?? '';
  const address = /^[\w.:[\]-]{1,128}$/.test(host) ? `${protocol}://${host}` : '';
  return new GatewayError(
    'route_not_found',
    `Unknown URL: ${method} ${path.slice(0, maxShownLength)}. The base URL for clients of OpenAI's API is ${address}/v1; GET /openapi.json lists what there is.`,
  );
}
