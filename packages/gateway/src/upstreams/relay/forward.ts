import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { Dispatcher } from 'undici';
import type { UpstreamApi } from '../../protocol/records.ts';
import type { Unread } from '../../protocol/unread-room.ts';
import type { Rest } from '../health/breaker.ts';
import type { UpstreamHealth, Visit } from '../health/upstream-health.ts';
import type { RemoteUpstream } from '../upstream.ts';
import type { AnswerSink } from './answer-sink.ts';
import type { AnswerTap } from './answer-tap.ts';
import { requestHeaders } from './headers.ts';
import { type Outcome, outcomeOf, restingOutcome } from './outcome.ts';
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
  readonly agentId: string;
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

/** By which connections requests go, and what was learned on the way. */
export type Way = {
  readonly dispatcher: Dispatcher;
  readonly uncounted: Uncounted;
  readonly health: UpstreamHealth;
};

/**
 * Sends a request to an upstream, again while that helps, then to its fallback. Both only before
 * the first byte of an answer has reached the worker, and never for a body that streams in. An upstream that is left
 * alone for a while is passed over. Throws as `writtenBody`, and nothing else.
 */
export async function forward(
  way: Way,
  upstreams: readonly [RemoteUpstream, ...RemoteUpstream[]],
  exchange: Exchange,
): Promise<Outcome> {
  const isRepeatable = exchange.body === null || Buffer.isBuffer(exchange.body);
  const usable = isRepeatable ? upstreams : upstreams.slice(0, 1);
  let outcome: Outcome | null = null;
  let attempts = 0;
  let rest: Rest | null = null;
  const { agentId } = exchange;
  for (const [index, upstream] of usable.entries()) {
    const next = usable[index + 1];
    const fallsBack = next !== undefined && way.health.admits(next, agentId);
    const asked = { agentId, model: exchange.model, hasOther: fallsBack };
    // What other paths tell of an upstream says little of its models.
    const visit = exchange.api === null ? null : way.health.enter(upstream, asked);
    if (visit && 'leftMs' in visit) {
      rest ??= visit;
      continue;
    }
    const tried = await ask(way, { upstream, exchange, isRepeatable, fallsBack, visit });
    attempts += tried.attempts;
    outcome = outcomeOf(tried.end, upstream, attempts);
    if (tried.isFinal) break;
  }
  return outcome ?? restingOutcome(upstreams[0], rest);
}

type Asking = {
  readonly upstream: RemoteUpstream;
  readonly exchange: Exchange;
  readonly isRepeatable: boolean;
  /** Whether another upstream is asked where this one fails. */
  readonly fallsBack: boolean;
  readonly visit: Visit | null;
};

type Tried = { readonly end: AttemptEnd; readonly attempts: number; readonly isFinal: boolean };

/** Asks one upstream, again while that helps. */
async function ask({ dispatcher, uncounted }: Way, asking: Asking): Promise<Tried> {
  const { upstream, exchange, fallsBack, visit } = asking;
  const asked = { baseUrl: upstream.baseUrl, model: exchange.model };
  let usage = uncounted.has(asked) ? null : usageRequest(exchange);
  let retriesLeft = asking.isRepeatable ? upstream.maxRetries : 0;
  let isRefused = false;
  for (let attempts = 1; ; attempts++) {
    const startedMs = performance.now();
    const sent = withAliases({ ...exchange, ...usage }, upstream);
    const target = { upstream, exchange: { ...sent, hidesCount: usage?.hidesCount ?? false } };
    const end = await attempt(dispatcher, target, (status, retryAfterMs) => {
      visit?.answers(status, retryAfterMs);
      if (usage && mayRefuseToCount(status)) return true;
      const retries = retriesLeft > 0 && retryAfterMs <= MAX_RETRY_AFTER_MS;
      return RETRIED.has(status) && (retries || fallsBack);
    });
    const told = (last: AttemptEnd, isFinal: boolean): Tried => {
      visit?.ended(last, startedMs);
      return { end: last, attempts, isFinal };
    };
    // What is refused without the question too was refused for another reason.
    if (isRefused && end.type === 'answered' && end.status < 400) uncounted.add(asked);
    if (end.type === 'answered' || end.type === 'aborted' || exchange.sink.hasBegun()) {
      return told(end, true);
    }
    if (usage && end.type === 'deferred' && mayRefuseToCount(end.status)) {
      usage = null;
      isRefused = true;
      continue;
    }
    const delayMs = backoffMs(end, upstream.maxRetries - retriesLeft);
    if (retriesLeft-- <= 0 || delayMs === null) return told(end, false);
    await wait(delayMs, undefined, { signal: exchange.signal }).catch(() => {});
    if (exchange.signal.aborted) return told(aborted(end), true);
  }
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
