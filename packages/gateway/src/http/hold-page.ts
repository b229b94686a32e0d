import { GatewayError } from '../errors.ts';
import type { HttpDeps } from './deps.ts';
import type { Exchange } from './exchange.ts';

/** Shorter ones are not worth counting: a connection holds about as much anyhow. */
const smallLength = 64 * 1024;

/**
 * Counts an answer that is sent whole, in bytes, until its caller has it or left: there may be many who ask and do not read. What a
 * route counted already goes on as it is.
 *
 * @throws GatewayError `overloaded` where there is no room for it.
 */
export function holdPage(deps: HttpDeps, { request, reply }: Exchange, payload: unknown): void {
  const length = lengthOf(payload);
  if (length < smallLength || request.holdsAnswer) return;
  const unread = deps.unread.hold({ keyId: request.caller?.keyId ?? 'none' }, 'page');
  reply.raw.once('close', unread.release);
  if (unread.set(length)) return;
  unread.refused();
  throw new GatewayError(
    'overloaded',
    'Answers that are not read leave no room for this one. Read those first, or ask for smaller pages.',
    { retryAfterSeconds: 1 },
  );
}

function lengthOf(payload: unknown): number {
  return typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0;
}
