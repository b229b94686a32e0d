/** A load does not come to an end. */
export class LoadHangs extends Error {
  override readonly name = 'LoadHangs';
  /** The time that it had; null where it was not used up, because what it waits for can never come. */
  readonly timeoutMs: number | null;

  constructor(timeoutMs: number | null) {
    super('The load does not come to an end.');
    this.timeoutMs = timeoutMs;
  }
}

/** How often it is looked whether an import can still go on, and how often it cannot before it is left. */
const LOOK_EVERY_MS = 250;
const LOOKS_UNTIL_STUCK = 8;

/** What a load waits with. */
export type LoadPatience = {
  /**
   * Waits for the import of the entry; null where it is left waiting, because nothing that could end its wait is under
   * way or the time is nearly over, and `mayLeave` permits it.
   */
  readonly untilStuck: <T>(imported: Promise<T>, mayLeave: () => boolean) => Promise<T | null>;
  /** Rejects with `LoadHangs` when the time is over. */
  readonly hangs: Promise<never>;
  /** The load is over. */
  readonly end: () => void;
};

/**
 * @param limit - `timeoutMs` is the time for the whole load, undefined for no limit; `askedAtMs`, on the clock of
 *   `performance`, when that began, now where it is missing.
 */
export function createLoadPatience({
  timeoutMs,
  askedAtMs = performance.now(),
}: {
  readonly timeoutMs?: number | undefined;
  readonly askedAtMs?: number;
}): LoadPatience {
  const before = activeResources();
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => over.reject(new LoadHangs(timeoutMs)),
          askedAtMs + timeoutMs - performance.now(),
        );
  timer?.unref();
  const isNearlyOver = () =>
    performance.now() - askedAtMs > (timeoutMs ?? Number.POSITIVE_INFINITY) - 2 * LOOK_EVERY_MS;
  return {
    hangs: over.promise,
    end: () => clearTimeout(timer),
    async untilStuck(imported, mayLeave) {
      const left = Promise.withResolvers<null>();
      let looks = 0;
      const looking = setInterval(() => {
        looks = isIdle(before) ? looks + 1 : 0;
        if ((looks >= LOOKS_UNTIL_STUCK || isNearlyOver()) && mayLeave()) left.resolve(null);
      }, LOOK_EVERY_MS);
      // What keeps the process alive is counted; this does not.
      looking.unref();
      try {
        return await Promise.race([imported, left.promise]);
      } finally {
        clearInterval(looking);
      }
    },
  };
}

function isIdle(before: ReadonlyMap<string, number>): boolean {
  return [...activeResources()].every(([type, count]) => count <= (before.get(type) ?? 0));
}

/** How many timers, sockets, reads and the like keep this process alive, by their kind. */
function activeResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const type of process.getActiveResourcesInfo()) {
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return counts;
}
