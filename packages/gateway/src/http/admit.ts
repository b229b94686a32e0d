import type { FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';
import { authenticate, checkAccess } from './authenticate.ts';
import { clientAddress } from './client-address.ts';
import { allowOrigin } from './cors.ts';
import type { HttpDeps } from './deps.ts';
import { limitRequest } from './limit-request.ts';
import type { Exchange } from './send-error.ts';
import { unknownUrl } from './unknown-url.ts';

/**
 * Everything that is decided before a body is read: who calls, how often it has done so, whether it may, and whether
 * there is such a route.
 */
export function admit(
  deps: HttpDeps,
  { request, reply }: Exchange,
  done: (error?: Error) => void,
): void {
  beginExchange(deps, request, reply);
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

/** Says who calls and counts it; a promise where the key has a limit. */
function identify(deps: HttpDeps, exchange: Exchange): Promise<void> | null {
  const { request } = exchange;
  if (request.routeOptions.config.access === 'public' && !request.is404) return null;
  request.caller = authenticate(request, deps.authenticate);
  return limitRequest(deps, exchange, request.caller);
}

function checkRoute(deps: HttpDeps, { request, reply }: Exchange): void {
  const { caller } = request;
  const { otherwiseKnown, startsRun } = request.routeOptions.config;
  if (caller) checkAccess(request, caller, deps.mayAdminister);
  if (request.is404) throw unknownUrl(request);
  if (otherwiseKnown) checkMethod(request, reply, otherwiseKnown);
  else if (caller && startsRun) deps.limits.checkRun(caller);
}

/** Sets the headers of every answer and sees to the one event that every request ends with. */
export function beginExchange(
  { emit }: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  request.startedAtMs = performance.now();
  reply.headers({
    'x-request-id': request.id,
    'x-content-type-options': 'nosniff',
    'cache-control': 'no-store',
  });
  const address = clientAddress(request);
  reply.raw.once('close', () => {
    emit({
      type: 'request_ended',
      requestId: request.id,
      clientRequestId: clientRequestId(request),
      clientAddress: address,
      keyId: request.caller?.keyId ?? null,
      method: request.method,
      path: pathOf(request),
      route: request.routeOptions.url ?? 'unknown',
      status: reply.raw.writableEnded ? reply.raw.statusCode : callerLeft,
      durationMs: performance.now() - request.startedAtMs,
    });
  });
}

/** Status in the log of an answer that nobody was there to read, as nginx has it. */
const callerLeft = 499;

const maxLoggedPathLength = 256;

function pathOf({ url }: FastifyRequest): string {
  return (url.split('?', 1)[0] ?? '').slice(0, maxLoggedPathLength);
}

/** What the caller calls its request: told in the log and nowhere else. */
function clientRequestId({ headers }: FastifyRequest): string | null {
  const id = headers['x-client-request-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : null;
}

function checkMethod(request: FastifyRequest, reply: FastifyReply, known: string): void {
  reply.header('allow', known);
  if (request.method === 'OPTIONS') return;
  throw new GatewayError(
    'method_not_allowed',
    `${request.method} is not possible here. Use ${known}.`,
  );
}
