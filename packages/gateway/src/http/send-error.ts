import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpDeps } from './deps.ts';
import { errorResponse } from './error-response.ts';
import type { Exchange } from './exchange.ts';
import { asGatewayError, requestFailed } from './transport-errors.ts';

const defaultLingerMs = 5000;

/** Answers with whatever was thrown. A stranger's text goes to the log only. */
export function sendError(deps: HttpDeps, thrown: unknown, exchange: Exchange): FastifyReply {
  const { request, reply } = exchange;
  const error = asGatewayError(thrown, limitOf(exchange.request) ?? deps.settings.bodyLimitBytes);
  request.failureCode = error.code;
  const isStoreAway = error.code === 'store_unavailable' && error.cause !== undefined;
  if (error.code === 'gateway_failed' || isStoreAway) {
    deps.emit(requestFailed(request.id, error));
  }
  dropUnreadBody(exchange, deps.settings.lingerMs ?? defaultLingerMs);
  const { status, headers, body } = errorResponse(error, request.caller?.role ?? null);
  return reply.code(status).headers(headers).send(body);
}

/** What is no route has none of its own. */
function limitOf({ routeOptions }: FastifyRequest): number | undefined {
  return routeOptions.bodyLimit;
}

/**
 * Closing at once would reset the connection while the caller still sends, and it would never see why. So the rest is
 * read and dropped, for a while.
 */
function dropUnreadBody({ request, reply }: Exchange, lingerMs: number): void {
  const { raw } = request;
  if (raw.complete || !raw.socket) return;
  reply.removeHeader('connection');
  raw.resume();
  const linger = setTimeout(() => raw.destroy(), lingerMs);
  const stop = () => clearTimeout(linger);
  raw.once('end', stop).once('close', stop);
}
