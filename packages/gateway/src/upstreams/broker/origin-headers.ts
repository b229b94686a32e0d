import type { IncomingHttpHeaders } from 'node:http';
import type { RunOrigin } from '../../protocol/pool.ts';
import type { CallTrace } from '../../protocol/trace.ts';

/**
 * A call's headers with the request and trace that it is part of. Its agent's own win. Not as `x-request-id`: some
 * servers take that for the id of the call itself, and refuse a second one of the same run.
 */
export function withOrigin(
  headers: IncomingHttpHeaders,
  origin: RunOrigin | null,
  { traceparent }: CallTrace,
): IncomingHttpHeaders {
  if (!origin) return headers;
  const own = traceparent === undefined ? {} : { traceparent };
  return { 'x-client-request-id': origin.requestId, ...own, ...headers };
}
