import { setTimeout as wait } from 'node:timers/promises';
import { type Asked, requestOf } from './answers.ts';
import type { Outcome } from './check-result.ts';
import { request } from './endpoint.ts';

/** How long a run may go on after its caller left, at most. */
const GONE_WITHIN_MS = 10_000;

/** It may go on for this in any case. */
const LEAST_MS = 2000;

/** Who works without a model is left after this. */
const LEAVE_AFTER_MS = 500;

/** How often it is looked for. */
const LOOK_EVERY_MS = 20;

/** What is known of the runs of a gateway, and how its models are held back. */
export type Runs = {
  /** How many runs go on, those that were left and do not end among them. */
  readonly activeRuns: () => number;
  /** Leaves calls of models unanswered until `release`; `called` resolves with the first of them. */
  readonly holdModels: () => { readonly called: Promise<void>; readonly release: () => void };
};

/** Asks an agent and leaves while it works: afterwards nothing of its run may be left. */
export async function leaveAgent(asked: Asked, runs: Runs): Promise<Outcome> {
  const { endpoint, signal } = asked;
  const left = new AbortController();
  const held = runs.holdModels();
  const leaving = AbortSignal.any([left.signal, signal, AbortSignal.timeout(asked.maxMs)]);
  const body = { ...requestOf(asked), stream: true };
  try {
    const read = request('/v1/chat/completions', { ...endpoint, signal: leaving }, body)
      .then((response) => response.text())
      // Who leaves is told so.
      .catch(() => undefined);
    // It calls a model, whose answer does not come; or it needs none, and has answered or takes its time.
    const takesTime = wait(LEAVE_AFTER_MS, undefined, { signal: leaving }).catch(() => undefined);
    await Promise.race([held.called, read, takesTime]);
    left.abort();
    await read;
    signal.throwIfAborted();
    return await untilGone(asked, runs);
  } finally {
    held.release();
  }
}

async function untilGone({ signal, maxMs }: Asked, runs: Runs): Promise<Outcome> {
  const withinMs = Math.min(GONE_WITHIN_MS, Math.max(LEAST_MS, maxMs));
  const endMs = performance.now() + withinMs;
  while (runs.activeRuns() > 0) {
    if (performance.now() > endMs) {
      return {
        failed: `Its run goes on ${withinMs / 1000} s after its caller left. Pass the signal of the run on to what it waits for.`,
      };
    }
    await wait(LOOK_EVERY_MS, undefined, { signal });
  }
  return null;
}
