import type { BreakerState } from '../../protocol/admin/upstreams-answer.ts';

/** Failures that lie further apart are not one outage. */
const WINDOW_MS = 60_000;

const FIRST_REST_MS = 5000;
const LONGEST_REST_MS = 300_000;

/** Of what an upstream asks for itself. */
const LONGEST_ASKED_REST_MS = 600_000;

/** A call that tries it and gets no answer for so long is not waited for: another one may. */
const LONGEST_TRIAL_MS = 30_000;

/** How long others are told to wait while one call tries whether the upstream is back. */
const TRIAL_WAIT_MS = 1000;

/** What a call says of the upstream that it went to. */
export type Verdict =
  | { readonly type: 'well' }
  /** It says nothing: the caller left, or it was about the caller's own limits. */
  | { readonly type: 'unclear' }
  | {
      readonly type: 'ill';
      readonly error: string;
      /** How long it wants to be left alone; 0 where it does not say. */
      readonly retryAfterMs: number;
    };

/** A call that was let through. */
export type Pass = {
  readonly type: 'pass';
  /** It answers, whatever becomes of the rest of the answer. */
  readonly answers: () => void;
  /** To be told once, whatever happens. */
  readonly ended: (verdict: Verdict) => void;
};

/** A call that was not: the upstream fails, or has too many calls of this model. */
export type Rest = {
  readonly type: 'rest';
  readonly reason: 'failing' | 'limited';
  readonly leftMs: number;
};

type BreakerDeps = {
  /** Failed calls in a row after which it opens; 0 for never. */
  readonly maxFailures: number;
  /** Milliseconds of a clock that only goes forward: a machine's is set now and then. */
  readonly steadyMs: () => number;
  readonly onOpened: (outage: { error: string; failures: number; restMs: number }) => void;
  readonly onClosed: (outage: { afterMs: number }) => void;
};

type Outage = {
  readonly sinceMs: number;
  restsUntilMs: number;
  /** Until then the call that tries it is waited for; 0 where none does. */
  triedUntilMs: number;
  /** Whose calls failed. While it is one agent's alone, it may be their fault: others are let through. */
  readonly agents: ReadonlySet<string>;
};

/**
 * Keeps calls from an upstream that fails: after so many failed calls in a row, none further apart than a minute, it is
 * left alone, for longer each time that the one call which tries it then fails too. Where all of them were one agent's it is
 * left alone by that agent, until a call of another fails as well.
 */
export class Breaker {
  readonly #deps: BreakerDeps;
  #failures = 0;
  #lastFailureMs = Number.NEGATIVE_INFINITY;
  /** Whose they were. */
  #agents = new Set<string>();
  /** Since a call ended well. */
  #rests = 0;
  #outage: Outage | null = null;

  constructor(deps: BreakerDeps) {
    this.#deps = deps;
  }

  enter(agentId: string): Pass | Rest {
    const outage = this.#outage;
    if (!outage || !concerns(outage, agentId)) return this.#passThrough(agentId);
    const leftMs = outage.restsUntilMs - this.#deps.steadyMs();
    if (leftMs > 0) return { type: 'rest', reason: 'failing', leftMs };
    const isTried = outage.triedUntilMs > this.#deps.steadyMs();
    if (isTried) return { type: 'rest', reason: 'failing', leftMs: TRIAL_WAIT_MS };
    return this.#tryOnce(outage, agentId);
  }

  /** Whether a call would be let through now, be it to try whether the outage is over. */
  admits(agentId: string): boolean {
    const outage = this.#outage;
    if (!outage || !concerns(outage, agentId)) return true;
    return outage.restsUntilMs <= this.#deps.steadyMs();
  }

  /** `restLeftMs` is below 0 where it has rested; null while it is closed. */
  view(): { state: BreakerState; failures: number; restLeftMs: number | null } {
    const outage = this.#outage;
    const failures = this.#failures;
    if (!outage) return { state: 'closed', failures, restLeftMs: null };
    const restLeftMs = outage.restsUntilMs - this.#deps.steadyMs();
    return { state: restLeftMs > 0 ? 'open' : 'half_open', failures, restLeftMs };
  }

  #passThrough(agentId: string): Pass {
    const startedMs = this.#deps.steadyMs();
    return {
      type: 'pass',
      answers: () => undefined,
      ended: (verdict) => {
        if (verdict.type === 'unclear') return;
        if (verdict.type === 'ill') this.#fail(verdict, { agentId, startedMs });
        else this.#succeed(agentId);
      },
    };
  }

  #tryOnce(outage: Outage, agentId: string): Pass {
    const startedMs = this.#deps.steadyMs();
    outage.triedUntilMs = startedMs + LONGEST_TRIAL_MS;
    return {
      type: 'pass',
      answers: () => this.#recover(outage),
      ended: (verdict) => {
        if (verdict.type === 'well') {
          this.#recover(outage);
          this.#rests = 0;
          return;
        }
        // It may have answered, and broken off.
        if (this.#outage === null && verdict.type === 'ill') {
          this.#fail(verdict, { agentId, startedMs });
        }
        if (this.#outage !== outage) return;
        outage.triedUntilMs = 0;
        if (verdict.type === 'ill') outage.restsUntilMs = this.#restUntilMs(verdict.retryAfterMs);
      },
    };
  }

  #fail(
    { error, retryAfterMs }: Verdict & { type: 'ill' },
    { agentId, startedMs }: { readonly agentId: string; readonly startedMs: number },
  ): void {
    const { maxFailures, steadyMs, onOpened } = this.#deps;
    if (startedMs - this.#lastFailureMs > WINDOW_MS && !this.#outage) this.#endRow();
    // Two are enough to tell that it is not one agent's alone.
    if (this.#agents.size < 2) this.#agents.add(agentId);
    if (this.#outage) return;
    this.#failures += 1;
    this.#lastFailureMs = steadyMs();
    if (maxFailures === 0 || this.#failures < maxFailures) return;
    const sinceMs = this.#lastFailureMs;
    const restsUntilMs = this.#restUntilMs(retryAfterMs);
    this.#outage = { sinceMs, restsUntilMs, triedUntilMs: 0, agents: this.#agents };
    onOpened({ error, failures: this.#failures, restMs: restsUntilMs - sinceMs });
  }

  #succeed(agentId: string): void {
    const outage = this.#outage;
    if (!outage) {
      this.#endRow();
      this.#rests = 0;
      // What its own agent began before the outage tells nothing of its end.
    } else if (!concerns(outage, agentId) && outage.restsUntilMs <= this.#deps.steadyMs()) {
      this.#recover(outage);
    }
  }

  #endRow(): void {
    this.#failures = 0;
    if (this.#agents.size > 0) this.#agents = new Set();
  }

  #recover(outage: Outage): void {
    if (this.#outage !== outage) return;
    this.#outage = null;
    this.#endRow();
    this.#deps.onClosed({ afterMs: this.#deps.steadyMs() - outage.sinceMs });
  }

  #restUntilMs(askedMs: number): number {
    const ownMs = Math.min(FIRST_REST_MS * 2 ** this.#rests, LONGEST_REST_MS);
    this.#rests += 1;
    return this.#deps.steadyMs() + Math.max(ownMs, Math.min(askedMs, LONGEST_ASKED_REST_MS));
  }
}

function concerns({ agents }: Outage, agentId: string): boolean {
  return agents.size > 1 || agents.has(agentId);
}
