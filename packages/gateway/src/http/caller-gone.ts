import type { ServerResponse } from 'node:http';
import { GatewayError } from '../errors.ts';

/**
 * Calls back once if the caller leaves before its answer is complete, also where it has left already. Fastify's
 * `request.signal` does not tell this: for a POST it fires with the body's end, for a hijacked reply never.
 */
export function whenCallerLeaves(response: ServerResponse, leave: () => void): void {
  if (response.destroyed) leave();
  else response.once('close', () => !response.writableEnded && leave());
}

/** Aborted when the caller leaves before its answer is complete; the reason is a GatewayError `run_cancelled`. */
export function callerGone(response: ServerResponse): AbortSignal {
  const left = new AbortController();
  const failure = new GatewayError('run_cancelled', 'The caller left before it was answered.');
  whenCallerLeaves(response, () => left.abort(failure));
  return left.signal;
}
