import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { UpstreamApi } from '../../protocol/records.ts';
import { requestHeaders } from '../broker/headers.ts';
import type { RemoteUpstream } from '../upstream.ts';
import { type AttemptEnd, Relay } from './relay.ts';

/** A worker's request, ready to be sent to an upstream. */
export type Exchange = {
  readonly method: string;
  /** Below the upstream's base, with query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer | Readable | null;
  readonly model: string | null;
  /** Set for a model call. */
  readonly api: UpstreamApi | null;
  /** Whether what comes back is to be estimated where it is not counted. */
  readonly estimatesOutput: boolean;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
};

/**
 * Sends a request once and relays the answer byte by byte, as fast as the worker reads. Nothing
 * reaches the worker before the answer's first byte, so until then another attempt is possible.
 *
 * @param defers - Asked once the status is known: whether to keep this answer from the worker.
 */
export function attempt(
  dispatcher: Dispatcher,
  target: { readonly upstream: RemoteUpstream; readonly exchange: Exchange },
  defers: (status: number, retryAfterMs: number) => boolean,
): Promise<AttemptEnd> {
  const { upstream, exchange } = target;
  const { origin, basePath } = splitBase(upstream.baseUrl);
  const headers = requestHeaders(exchange.headers, upstream.apiKey);
  const length = exchange.headers['content-length'];
  if (length !== undefined && !Buffer.isBuffer(exchange.body)) headers['content-length'] = length;
  return new Promise((resolve) => {
    const relay = new Relay(exchange, defers, resolve);
    if (exchange.signal.aborted) return;
    dispatcher.dispatch(
      {
        origin,
        path: basePath + exchange.path,
        method: exchange.method as Dispatcher.HttpMethod,
        headers,
        body: exchange.body,
        headersTimeout: upstream.timeoutMs,
        bodyTimeout: upstream.timeoutMs,
      },
      relay,
    );
  });
}

/** Cuts an address behind its host. It was checked at the start, so it need not be parsed again. */
function splitBase(baseUrl: string): { origin: string; basePath: string } {
  const at = baseUrl.indexOf('/', baseUrl.indexOf('//') + 2);
  return at < 0
    ? { origin: baseUrl, basePath: '' }
    : { origin: baseUrl.slice(0, at), basePath: baseUrl.slice(at) };
}
