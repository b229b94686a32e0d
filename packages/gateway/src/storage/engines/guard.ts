import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../store-error.ts';
import type { Guard } from './engine.ts';

/** Longest pause before work that found the store busy is tried again. */
const MAX_BUSY_PAUSE_MS = 20;

/**
 * Makes the guard of a database.
 *
 * @param options.isBusy - Whether an error says that other writers were in the way and nothing was done.
 * @param options.explain - What an error means and what to do, without any secret.
 */
export function createGuard(options: {
  readonly isBusy: (error: unknown) => boolean;
  readonly explain: (error: unknown) => string;
  readonly busyTimeoutMs: number;
}): Guard {
  const { isBusy, explain, busyTimeoutMs } = options;
  return async (work) => {
    const deadlineMs = performance.now() + busyTimeoutMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof StoreError) throw error;
        if (!isBusy(error) || performance.now() > deadlineMs) {
          throw new StoreError(explain(error), { cause: error });
        }
      }
      // Not in step with others that wait too.
      await sleep(1 + Math.random() * MAX_BUSY_PAUSE_MS);
    }
  };
}
