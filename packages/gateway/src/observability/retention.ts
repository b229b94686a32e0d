import type { Emit } from '../events.ts';

const DAY_MS = 86_400_000;

/** Removes what is too old or too much, now and then, once it has begun. */
export type Retention = {
  readonly begin: () => void;
  readonly end: () => void;
  /** Looks at once, where there is more than was there to be expected. Never throws. */
  readonly now: () => void;
};

/**
 * @param options.what - Of what, for the log.
 * @param options.keepDays - Asked each time something is looked at.
 * @param options.prune - Removes what is older than a time, in ms since 1970, and what there is too much of.
 */
export function createRetention(options: {
  readonly what: string;
  readonly everyMs: number;
  readonly nowMs: () => number;
  readonly keepDays: () => number;
  readonly prune: (beforeMs: number) => Promise<unknown>;
  readonly emit: Emit;
}): Retention {
  const { what, everyMs, nowMs, keepDays, emit } = options;
  let timer: NodeJS.Timeout | undefined;
  let isPruning = false;
  const prune = async () => {
    if (isPruning) return;
    isPruning = true;
    try {
      await options.prune(nowMs() - keepDays() * DAY_MS);
    } catch (error) {
      emit({ type: 'fault_survived', where: `pruning ${what}`, error });
    }
    isPruning = false;
  };
  return {
    begin() {
      timer ??= setInterval(() => void prune(), everyMs).unref();
    },
    end: () => clearInterval(timer),
    now: () => void prune(),
  };
}
