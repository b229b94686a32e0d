import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpDeps } from './deps.ts';
import { clientAddress } from './intake/client-address.ts';

/** A request and its answer. */
export type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };

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
      run: request.begunRun,
      ...(request.repeatOf === null ? {} : { repeatOf: request.repeatOf }),
      ...(isConsoleRead(request) ? { isConsoleRead: true as const } : {}),
      code: request.failureCode,
    });
  });
}

/** Only a login of the console calls without an Authorization header. */
function isConsoleRead({ method, headers, caller, routeOptions }: FastifyRequest): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const byLogin = caller !== null && headers.authorization === undefined;
  return byLogin || routeOptions.url?.startsWith('/console') === true;
}

/** Milliseconds since the request arrived, as a header has it. */
export function processingMs(request: FastifyRequest): string {
  return String(Math.round(performance.now() - request.startedAtMs));
}

/** Status in the log of an answer that nobody was there to read, as nginx has it. */
const callerLeft = 499;

const maxLoggedPathLength = 256;

function pathOf({ url }: FastifyRequest): string {
  return (url.split('?', 1)[0] ?? '').slice(0, maxLoggedPathLength);
}

/** What the caller calls its request: for the log and nothing else. */
function clientRequestId({ headers }: FastifyRequest): string | null {
  const id = headers['x-client-request-id'];
  return typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id) ? id : null;
}
