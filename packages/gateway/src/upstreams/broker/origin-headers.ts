import type { IncomingHttpHeaders } from 'node:http';
import type { RunOrigin } from '../../protocol/pool.ts';

/**
 * A call's headers with the request and trace that it is part of. Its agent's own win. Not as `x-request-id`: some
 * servers take that for the id of the call itself, and refuse a second one of the same run.
 */
export function withOrigin(
  headers: IncomingHttpHeaders,
  origin: RunOrigin | null,
): IncomingHttpHeaders {
  if (!origin) return headers;
  const { requestId, traceparent } = origin;
  const own = traceparent === undefined ? {} : { traceparent };
  return { 'x-client-request-id': requestId, ...own, ...headers };
}
