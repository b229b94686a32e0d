import type { ServerResponse } from 'node:http';

/**
 * Calls back once if the caller leaves before its answer is complete, also where it has left already. Fastify's
 * `request.signal` does not tell this: for a POST it fires with the body's end, for a hijacked reply never.
 */
export function whenCallerLeaves(response: ServerResponse, leave: () => void): void {
  if (response.destroyed) leave();
  else response.once('close', () => !response.writableEnded && leave());
}
