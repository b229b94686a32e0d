import type { Emit } from '../../events.ts';
import type { RateStore } from '../../protocol/store.ts';

/** Where a key stands with its requests of a minute. */
export type RateReading = {
  readonly limit: number;
  readonly remaining: number;
  /** Until all of them are to be had again. */
  readonly resetMs: number;
  readonly isExceeded: boolean;
};

export type RateLimit = {
  /** Counts one request of an account. */
  readonly take: (account: string, limitPerMinute: number) => Promise<RateReading>;
};

/** Counts the requests of an account in the window that its first one opened. */
type CountRequest = (
  account: string,
) => Promise<{ readonly requests: number; readonly resetMs: number }>;

export type RateLimitDeps = {
  /** Counts for several gateways at once. Null where there is one gateway. */
  readonly shared: RateStore['count'] | null;
  readonly nowMs: () => number;
  readonly emit: Emit;
};

const WINDOW_MS = 60_000;

/**
 * Limits requests per minute: a window begins with the first request after the last one ended. Where the counter that
 * gateways share is away, each counts for itself.
 */
export function createRateLimit({ shared, nowMs, emit }: RateLimitDeps): RateLimit {
  const countHere = createOwnCounter();
  let isAway = false;

  const count: CountRequest = async (account) => {
    if (!shared) return countHere(account);
    try {
      const { requests, endsAtMs } = await shared(account, {
        nowMs: nowMs(),
        lengthMs: WINDOW_MS,
      });
      isAway = false;
      return { requests, resetMs: endsAtMs - nowMs() };
    } catch (error) {
      if (!isAway) emit({ type: 'fault_survived', where: 'counting requests', error });
      isAway = true;
      return countHere(account);
    }
  };

  return {
    async take(account, limit) {
      const { requests, resetMs } = await count(account);
      return {
        limit,
        remaining: Math.max(0, limit - requests),
        resetMs: Math.min(Math.max(0, resetMs), WINDOW_MS),
        isExceeded: requests > limit,
      };
    },
  };
}

/** Counts in this process. Keys of any limit share one counter, so that a limit that changes keeps what was counted. */
function createOwnCounter(): CountRequest {
  // Its package takes longer to load than the start of a gateway without limits should wait.
  const load = async () => {
    const { RateLimiterMemory } = await import('rate-limiter-flexible');
    return new RateLimiterMemory({ points: Number.MAX_SAFE_INTEGER, duration: WINDOW_MS / 1000 });
  };
  let loading: ReturnType<typeof load> | null = null;
  return async (account) => {
    loading ??= load();
    const { consumedPoints, msBeforeNext } = await (await loading).consume(account);
    return { requests: consumedPoints, resetMs: msBeforeNext };
  };
}
