import { GatewayError } from '../errors.ts';
import type { OutsideRuns, OutsideWork } from '../protocol/pool.ts';

/** What one worker may ask and tell of work outside of runs in a minute: more than any queue calls tools. */
const OUTSIDE_LIMIT = 1000;

const WINDOW_MS = 60_000;

export type OutsideLimitOptions = {
  readonly nowMs: () => number;
  /** Called once, when a worker says too much. */
  readonly onFlood: (work: OutsideWork) => void;
};

/** The same for one worker, bounded: what comes beyond is refused, which denies the call, and recorded no more. */
export function limitOutside(outside: OutsideRuns, options: OutsideLimitOptions): OutsideRuns {
  let windowEndsMs = 0;
  let left = 0;
  let hasFlooded = false;
  const isWithin = (work: OutsideWork): boolean => {
    const nowMs = options.nowMs();
    if (nowMs >= windowEndsMs) {
      windowEndsMs = nowMs + WINDOW_MS;
      left = OUTSIDE_LIMIT;
    }
    left -= 1;
    if (left >= 0) return true;
    if (!hasFlooded) options.onFlood(work);
    hasFlooded = true;
    return false;
  };
  return {
    async answer(work, question) {
      if (isWithin(work)) return outside.answer(work, question);
      throw new GatewayError('overloaded', 'Too many tools are called outside of runs.');
    },
    onToolDecided(work, decided) {
      if (isWithin(work)) outside.onToolDecided(work, decided);
    },
  };
}
