import { setImmediate } from 'node:timers/promises';

/** Long work in slices, between which the gateway does its other work. */
export type Pace = {
  /**
   * Gives way where the slice is used up; to be called often.
   *
   * @throws The reason of the signal, once it is aborted.
   */
  readonly giveWay: () => Promise<void> | undefined;
  /** Milliseconds that were worked, without the pauses. */
  readonly workedMs: () => number;
};

const SLICE_MS = 5;

/** Begins to count. @param signal - Aborted where nobody wants the outcome any more. */
export function createPace(signal?: AbortSignal): Pace {
  let beganMs = performance.now();
  let beforeMs = 0;
  const pause = async () => {
    beforeMs += performance.now() - beganMs;
    await setImmediate();
    beganMs = performance.now();
    signal?.throwIfAborted();
  };
  return {
    giveWay() {
      signal?.throwIfAborted();
      return performance.now() - beganMs < SLICE_MS ? undefined : pause();
    },
    workedMs: () => beforeMs + performance.now() - beganMs,
  };
}
