import type { Emit } from '../../events.ts';
import type { AttemptEnd } from '../relay/relay.ts';
import type { RemoteUpstream } from '../upstream.ts';
import { Breaker, type Pass, type Rest, type Verdict } from './breaker.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';

/** The latest answers, of which latencies are told. */
const KEPT_LATENCIES = 200;

/** As much of what an upstream says of its failure as is shown. */
const MAX_ERROR_LENGTH = 300;

/** More than anybody has; they come from the settings. */
const MAX_KNOWN = 256;

/** What is known of a server from the model calls that went there since the start. */
export type UpstreamRecord = Pick<ReturnType<Breaker['view']>, 'state' | 'failures'> & {
  /** When it may be tried again, in Unix milliseconds; null while it is not left alone. */
  readonly retryAtMs: number | null;
  readonly lastError: { readonly atMs: number; readonly message: string } | null;
  /** Milliseconds until the first bytes of the latest answers, in no order. */
  readonly latenciesMs: readonly number[];
  /** Models that it has too many calls of, and until when, in Unix milliseconds. */
  readonly limits: readonly { readonly model: string; readonly untilMs: number }[];
};

/** How a call went: told by whoever made it. */
export type Visit = {
  readonly answers: (status: number, retryAfterMs: number) => void;
  /** `startedMs` is of `performance.now()`. */
  readonly ended: (end: AttemptEnd, startedMs: number) => void;
};

/** What a call asks for. */
type Asked = {
  readonly agentId: string;
  readonly model: string | null;
  /** Whether another upstream would answer it: then one that has too many calls of the model is spared. */
  readonly hasOther: boolean;
};

export type UpstreamHealth = {
  /** Asked before each model call. */
  readonly enter: (upstream: RemoteUpstream, asked: Asked) => Visit | Rest;
  /** Whether a call would be let through now. */
  readonly admits: (upstream: RemoteUpstream, agentId: string) => boolean;
  /** Null of one that no model call went to. */
  readonly of: (upstream: RemoteUpstream) => UpstreamRecord | null;
};

type Known = {
  readonly upstream: RemoteUpstream;
  readonly breaker: Breaker;
  readonly limits: RateLimits;
  readonly latenciesMs: number[];
  answers: number;
  lastError: UpstreamRecord['lastError'];
};

/** Remembers how model calls went at each server, and leaves one alone for a while that fails them. */
export function createUpstreamHealth({
  nowMs,
  steadyMs,
  emit,
}: {
  /** Unix milliseconds, for what is shown. */
  readonly nowMs: () => number;
  /** Milliseconds of a clock that only goes forward, for all that is waited for. */
  readonly steadyMs: () => number;
  readonly emit: Emit;
}): UpstreamHealth {
  const all = new Map<string, Known>();

  function create(upstream: RemoteUpstream): Known {
    const { name, baseUrl, maxFailures, fallback } = upstream;
    const breaker = new Breaker({
      maxFailures,
      steadyMs,
      onOpened: (outage) =>
        emit({ type: 'upstream_cooling', upstream: name, baseUrl, fallback, ...outage }),
      onClosed: (outage) => emit({ type: 'upstream_recovered', upstream: name, ...outage }),
    });
    const limits = createRateLimits(steadyMs);
    return { upstream, breaker, limits, latenciesMs: [], answers: 0, lastError: null };
  }

  function knownOf(upstream: RemoteUpstream): Known {
    const known = all.get(upstream.name);
    if (known && isSame(known.upstream, upstream)) return known;
    const made = create(upstream);
    const [oldest] = all.keys();
    if (all.size >= MAX_KNOWN && oldest !== undefined) all.delete(oldest);
    all.set(upstream.name, made);
    return made;
  }

  return {
    enter(upstream, { agentId, model, hasOther }) {
      const known = knownOf(upstream);
      const limitedMs = hasOther ? known.limits.leftMs(model) : 0;
      if (limitedMs > 0) return { type: 'rest', reason: 'limited', leftMs: limitedMs };
      const entered = known.breaker.enter(agentId);
      return entered.type === 'rest' ? entered : visit(known, { pass: entered, model, nowMs });
    },
    admits: (upstream, agentId) => all.get(upstream.name)?.breaker.admits(agentId) ?? true,
    of(upstream) {
      const known = all.get(upstream.name);
      if (!known || !isSame(known.upstream, upstream)) return null;
      return recordOf(known, nowMs());
    },
  };
}

function recordOf(
  { breaker, limits, lastError, latenciesMs }: Known,
  nowMs: number,
): UpstreamRecord {
  const { state, failures, restLeftMs } = breaker.view();
  return {
    state,
    failures,
    retryAtMs: restLeftMs === null ? null : nowMs + restLeftMs,
    lastError,
    latenciesMs,
    limits: limits.list().map(({ model, leftMs }) => ({ model, untilMs: nowMs + leftMs })),
  };
}

function visit(
  known: Known,
  {
    pass,
    model,
    nowMs,
  }: { readonly pass: Pass; readonly model: string | null; readonly nowMs: () => number },
): Visit {
  let askedRestMs = 0;
  return {
    answers(status, retryAfterMs) {
      askedRestMs = retryAfterMs;
      if (status === 429) known.limits.note(model, retryAfterMs);
      if (status < 500) pass.answers();
    },
    ended(end, startedMs) {
      const verdict = verdictOf(end, askedRestMs);
      if (verdict.type === 'ill') known.lastError = { atMs: nowMs(), message: verdict.error };
      if (verdict.type === 'well') keepLatency(known, end, startedMs);
      pass.ended(verdict);
    },
  };
}

/** With another address, key or bound it is to be judged anew. */
function isSame(one: RemoteUpstream, other: RemoteUpstream): boolean {
  return (
    one === other ||
    (one.baseUrl === other.baseUrl &&
      one.apiKey === other.apiKey &&
      one.fallback === other.fallback &&
      one.maxFailures === other.maxFailures)
  );
}

function keepLatency(known: Known, end: AttemptEnd, startedMs: number): void {
  const firstAtMs = end.type === 'answered' ? end.watch.firstAtMs() : null;
  if (firstAtMs === null) return;
  known.latenciesMs[known.answers % KEPT_LATENCIES] = firstAtMs - startedMs;
  known.answers += 1;
}

/** A refusal is an answer, whoever is to blame for it; one over a limit (408, 429) is about the caller. */
function verdictOf(end: AttemptEnd, retryAfterMs: number): Verdict {
  switch (end.type) {
    case 'aborted':
      return { type: 'unclear' };
    case 'broken':
      return end.reason === 'unreachable' || end.reason === 'timed_out' || end.reason === 'garbled'
        ? { type: 'ill', error: end.error, retryAfterMs }
        : { type: 'unclear' };
    case 'deferred':
    case 'answered': {
      const { status } = end;
      if (status >= 500) return { type: 'ill', error: errorOf(end), retryAfterMs };
      return { type: status === 429 || status === 408 ? 'unclear' : 'well' };
    }
    default:
      return end satisfies never;
  }
}

function errorOf(end: AttemptEnd & { type: 'deferred' | 'answered' }): string {
  const said = end.type === 'answered' ? end.watch.error() : null;
  return said?.slice(0, MAX_ERROR_LENGTH) ?? `HTTP ${end.status}`;
}
