import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadyStatus } from '../http/deps.ts';

/** How the gateway leaves: first it says so, then, when others have seen it, it closes its port. */
export type ShutdownDelay = {
  /** What `/readyz` tells whoever asks now. */
  readonly tell: () => ReadyStatus;
  /** From here on it tells `draining`; how long the port stays open, in ms. */
  readonly begin: () => number;
  /** Until the port may close. */
  readonly wait: () => Promise<void>;
};

/** Long enough for a load balancer that asks every second or two to send its next request elsewhere. */
const POLLED_DELAY_MS = 5000;

/** Who last asked before this is gone. */
const POLL_AGE_MS = 60_000;

/**
 * @param settingMs - `server.shutdown_delay_ms`; null is as long as a load balancer needs where one asks `/readyz`
 *   again and again, else 0. Somebody who only waits for the start asks no more once it is ready.
 */
export function createShutdownDelay(deps: {
  readonly settingMs: number | null;
  readonly ready: () => 'starting' | 'ready';
  readonly nowMs?: () => number;
}): ShutdownDelay {
  const { settingMs, ready, nowMs = () => performance.now() } = deps;
  let lastPollMs: number | null = null;
  let polls = 0;
  let waiting: number | null = null;

  function delayMs(): number {
    if (settingMs !== null) return settingMs;
    const isPolled = polls > 1 && lastPollMs !== null && nowMs() - lastPollMs < POLL_AGE_MS;
    return isPolled ? POLLED_DELAY_MS : 0;
  }

  return {
    tell() {
      if (waiting !== null) return 'draining';
      const state = ready();
      if (state === 'ready') {
        polls += 1;
        lastPollMs = nowMs();
      }
      return state;
    },
    begin() {
      waiting ??= delayMs();
      return waiting;
    },
    wait: () => (waiting ? sleep(waiting) : Promise.resolve()),
  };
}
