import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import { GatewayError } from '../../errors.ts';
import type { UpstreamApi } from '../../protocol/records.ts';
import type { Usage } from '../../protocol/run.ts';
import type { Unread } from '../../protocol/unread-room.ts';
import type { RemoteUpstream } from '../upstream.ts';
import { type AnswerSink, unreadFailure } from './answer-sink.ts';
import type { AnswerTap } from './answer-tap.ts';
import { requestHeaders } from './headers.ts';
import { type AttemptEnd, type BrokenReason, Relay } from './relay.ts';
import { applyAliases } from './request-body.ts';
import { mayRefuseToCount, type Uncounted, usageRequest } from './usage-request.ts';

const FIRST_BACKOFF_MS = 250;
/** An upstream that wants to be left alone for longer is not asked again. */
const MAX_RETRY_AFTER_MS = 5000;
const NOT_REPEATED = new Set<BrokenReason>(['timed_out', 'garbled', 'failed']);
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

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
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
  /** Is told what is held of the answer to be counted. */
  readonly metered: Pick<Unread, 'set'>;
  /** Is given the answer as it comes, where somebody records it. */
  readonly tap: AnswerTap | null;
};

/** What became of a worker's request. */
export type Outcome = {
  readonly upstream: string;
  /** HTTP status of the last answer, or 0 where none came. */
  readonly status: number;
  readonly outcome: 'ok' | 'failed' | 'aborted';
  /** Requests sent, retries and fallback included. */
  readonly attempts: number;
  /** When the first bytes of the answer came, of `performance.now()`; null where none did. */
  readonly firstAtMs: number | null;
  readonly usage: Usage | null;
  /** Of a response that was counted, by which a later call may name it. */
  readonly answerId: string | null;
  /** Whether the answer came to its end, so that its usage is the last word. */
  readonly isWhole: boolean;
  /** Tokens of the answer so far, for where they were not counted. */
  readonly outputEstimate: number;
  /** For the log: what the upstream or the connection said. */
  readonly error: string | null;
  /** What the worker is to be answered, where nothing has reached it yet; its connection is cut else. */
  readonly failure: GatewayError | null;
};

/** By which connections requests go, and what was learned on the way. */
export type Way = { readonly dispatcher: Dispatcher; readonly uncounted: Uncounted };

/**
 * Sends a request to an upstream, again while that helps, then to its fallback. Both only before
 * the first byte of an answer has reached the worker, and never for a body that streams in.
 * Never throws.
 */
export async function forward(
  { dispatcher, uncounted }: Way,
  upstreams: readonly [RemoteUpstream, ...RemoteUpstream[]],
  exchange: Exchange,
): Promise<Outcome> {
  const repeatable = exchange.body === null || Buffer.isBuffer(exchange.body);
  const usable = repeatable ? upstreams : upstreams.slice(0, 1);
  let attempts = 0;
  let upstream = upstreams[0];
  let end: AttemptEnd = { type: 'aborted', status: 0, watch: null };
  for (const [index, candidate] of usable.entries()) {
    upstream = candidate;
    const fallsBack = index < usable.length - 1;
    let retriesLeft = repeatable ? upstream.maxRetries : 0;
    const asked = { baseUrl: upstream.baseUrl, model: exchange.model };
    let asking = uncounted.has(asked) ? null : usageRequest(exchange);
    let isRefused = false;
    for (;;) {
      attempts++;
      const sent = withAliases({ ...exchange, ...asking }, upstream);
      const hidesCount = asking?.hidesCount ?? false;
      const target = { upstream, exchange: { ...sent, hidesCount } };
      end = await attempt(dispatcher, target, (status, retryAfterMs) => {
        if (asking && mayRefuseToCount(status)) return true;
        const retries = retriesLeft > 0 && retryAfterMs <= MAX_RETRY_AFTER_MS;
        return RETRIED.has(status) && (retries || fallsBack);
      });
      // What is refused without the question too was refused for another reason.
      if (isRefused && end.type === 'answered' && end.status < 400) uncounted.add(asked);
      if (end.type === 'answered' || end.type === 'aborted' || exchange.sink.hasBegun()) {
        return outcomeOf(end, upstream, attempts);
      }
      if (asking && end.type === 'deferred' && mayRefuseToCount(end.status)) {
        asking = null;
        isRefused = true;
        continue;
      }
      const delayMs = backoffMs(end, upstream.maxRetries - retriesLeft);
      if (retriesLeft-- <= 0 || delayMs === null) break;
      await wait(delayMs, undefined, { signal: exchange.signal }).catch(() => {});
      if (exchange.signal.aborted) return outcomeOf(aborted(end), upstream, attempts);
    }
  }
  return outcomeOf(end, upstream, attempts);
}

/**
 * Sends a request once and relays the answer byte by byte, as fast as the worker reads. Nothing
 * reaches the worker before the answer's first byte, so until then another attempt is possible.
 *
 * @param defers - Asked once the status is known: whether to keep this answer from the worker.
 */
function attempt(
  dispatcher: Dispatcher,
  target: {
    readonly upstream: RemoteUpstream;
    readonly exchange: Exchange & { readonly hidesCount: boolean };
  },
  defers: (status: number, retryAfterMs: number) => boolean,
): Promise<AttemptEnd> {
  const { upstream, exchange } = target;
  const { origin, basePath } = splitBase(upstream.baseUrl);
  const headers = requestHeaders(exchange.headers, upstream.apiKey);
  const length = exchange.headers['content-length'];
  if (length !== undefined && !Buffer.isBuffer(exchange.body)) headers['content-length'] = length;
  return new Promise((resolve) => {
    const { sink, signal, api, body, hidesCount, metered, tap } = exchange;
    const { apiKey } = upstream;
    const receiver = { sink, signal, api, body, hidesCount, metered, tap, apiKey };
    const relay = new Relay(receiver, defers, resolve);
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

function withAliases(exchange: Exchange, upstream: RemoteUpstream): Exchange {
  const { body, model } = exchange;
  return Buffer.isBuffer(body)
    ? { ...exchange, body: applyAliases(body, model, upstream.modelAliases) }
    : exchange;
}

/** Pause before the next attempt; null where another one at the same upstream would not help. */
function backoffMs(end: AttemptEnd, retriesDone: number): number | null {
  if (end.type === 'broken' && NOT_REPEATED.has(end.reason)) return null;
  const retryAfterMs = end.type === 'deferred' ? end.retryAfterMs : 0;
  if (retryAfterMs > MAX_RETRY_AFTER_MS) return null;
  if (retryAfterMs > 0) return retryAfterMs;
  return FIRST_BACKOFF_MS * 2 ** retriesDone * (0.5 + Math.random() / 2);
}

function aborted(end: AttemptEnd): AttemptEnd {
  return { type: 'aborted', status: end.status, watch: null };
}

function outcomeOf(end: AttemptEnd, upstream: RemoteUpstream, attempts: number): Outcome {
  const { status } = end;
  const watch = end.type === 'deferred' ? null : end.watch;
  const outputEstimate = watch?.outputEstimate() ?? 0;
  const isWhole = watch?.isWhole() ?? false;
  const answerId = watch?.answerId() ?? null;
  const firstAtMs = watch?.firstAtMs() ?? null;
  const counted = { outputEstimate, answerId, isWhole };
  const base = { upstream: upstream.name, status, attempts, firstAtMs, ...counted };
  switch (end.type) {
    case 'answered': {
      const error = end.watch.error();
      const outcome = error === null ? 'ok' : 'failed';
      return { ...base, outcome, usage: end.watch.usage(), error, failure: null };
    }
    case 'deferred': {
      const error = `HTTP ${status}`;
      return { ...base, outcome: 'failed', usage: null, error, failure: refused(upstream) };
    }
    case 'broken': {
      const usage = end.watch?.usage() ?? null;
      const failure = brokenFailure(end.reason, upstream);
      return { ...base, outcome: 'failed', usage, error: end.error, failure };
    }
    case 'aborted': {
      const usage = end.watch?.usage() ?? null;
      return { ...base, outcome: 'aborted', usage, error: null, failure: null };
    }
    default:
      return end satisfies never;
  }
}

function brokenFailure(reason: BrokenReason, upstream: RemoteUpstream): GatewayError {
  const name = `The upstream "${upstream.name}"`;
  switch (reason) {
    case 'unreachable':
      return new GatewayError('upstream_unavailable', `${name} cannot be reached.`);
    case 'timed_out':
      return new GatewayError(
        'upstream_timeout',
        `${name} sent nothing for ${upstream.timeoutMs} ms (timeout_ms).`,
      );
    case 'garbled':
      return new GatewayError(
        'upstream_failed',
        `${name} does not answer as OpenAI's API does: check its base_url.`,
      );
    case 'unread':
      return unreadFailure();
    case 'cut':
    case 'failed':
      return refused(upstream);
    default:
      return reason satisfies never;
  }
}

function refused(upstream: RemoteUpstream): GatewayError {
  return new GatewayError('upstream_failed', `The upstream "${upstream.name}" failed.`);
}
