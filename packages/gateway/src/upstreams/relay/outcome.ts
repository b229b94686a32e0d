import { GatewayError } from '../../errors.ts';
import type { Usage } from '../../protocol/run.ts';
import type { Rest } from '../health/breaker.ts';
import type { RemoteUpstream } from '../upstream.ts';
import { unreadFailure } from './answer-sink.ts';
import type { AttemptEnd, BrokenReason } from './relay.ts';

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

/** What came of a request whose last attempt ended so. */
export function outcomeOf(end: AttemptEnd, upstream: RemoteUpstream, attempts: number): Outcome {
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

/** What comes of a request that is sent nowhere, because its upstream is left alone for so long yet. */
export function restingOutcome({ name }: RemoteUpstream, rest: Rest | null): Outcome {
  const retryAfterSeconds = Math.ceil((rest?.leftMs ?? 0) / 1000);
  const isLimited = rest?.reason === 'limited';
  const what = isLimited
    ? 'has too many calls of this model; ask again in'
    : 'failed time after time and is left alone for';
  const more = isLimited ? '' : ' more';
  return {
    upstream: name,
    status: 0,
    outcome: 'failed',
    attempts: 0,
    firstAtMs: null,
    usage: null,
    answerId: null,
    isWhole: false,
    outputEstimate: 0,
    error: isLimited ? 'left alone after 429' : 'left alone after failures in a row',
    failure: new GatewayError(
      isLimited ? 'upstream_rate_limited' : 'upstream_unavailable',
      `The upstream "${name}" ${what} ${retryAfterSeconds} s${more}.`,
      { retryAfterSeconds },
    ),
  };
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
