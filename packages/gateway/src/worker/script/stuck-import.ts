import { watchBusy } from './busy-watch.ts';

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
const LOOKS_UNTIL_IDLE = 2;
/** What is under way may take so long, 10 s, to bring what is waited for. */
const MOST_LOOKS = 40;

/** What a load waits with. */
export type LoadPatience = {
  /**
   * Waits for the import of the entry; null where it is left waiting, because nothing that could end its wait is under
   * way or the time is nearly over, and `mayLeave` permits it.
   */
  readonly untilStuck: <T>(imported: Promise<T>, mayLeave: () => boolean) => Promise<T | null>;
  /** Waits for what may come of work that is under way; null where none is. */
  readonly untilIdle: <T>(coming: Promise<T>) => Promise<T | null>;
  /** Rejects with `LoadHangs` when the time is over. */
  readonly hangs: Promise<never>;
  /** The load is over. */
  readonly end: () => void;
};

/**
 * @param limit - `timeoutMs` is the time for the whole load, undefined for no limit. Only time is counted in which this
 *   process could have gone on: of one that works, or is kept from it, the gateway has the clock. `text` is the entry's.
 */
export function createLoadPatience({
  timeoutMs = Number.POSITIVE_INFINITY,
  text = '',
}: {
  readonly timeoutMs?: number | undefined;
  readonly text?: string;
}): LoadPatience {
  const endWatch = watchBusy(text, timeoutMs);
  const before = activeResources();
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const lookEveryMs = Math.min(LOOK_EVERY_MS, timeoutMs);
  let waitedMs = 0;
  let idleLooks = 0;
  let look = (): void => undefined;
  const looking = setInterval(() => {
    waitedMs += lookEveryMs;
    idleLooks = isIdle(before) ? idleLooks + 1 : 0;
    look();
    if (waitedMs >= timeoutMs) over.reject(new LoadHangs(timeoutMs));
  }, lookEveryMs);
  // What keeps the process alive is counted; this does not.
  looking.unref();
  async function wait<T>(
    coming: Promise<T>,
    leave: { readonly looks: number; readonly most: number; readonly mayLeave: () => boolean },
  ): Promise<T | null> {
    const left = Promise.withResolvers<null>();
    const endMs = Math.min(timeoutMs - 2 * lookEveryMs, waitedMs + leave.most * lookEveryMs);
    look = () => {
      const isDue = idleLooks >= leave.looks || waitedMs > endMs;
      if (isDue && leave.mayLeave()) left.resolve(null);
    };
    try {
      return await Promise.race([coming, left.promise]);
    } finally {
      look = () => undefined;
    }
  }
  return {
    hangs: over.promise,
    end() {
      clearInterval(looking);
      endWatch();
    },
    untilStuck: (imported, mayLeave) =>
      wait(imported, { looks: LOOKS_UNTIL_STUCK, most: Number.POSITIVE_INFINITY, mayLeave }),
    untilIdle: (coming) =>
      wait(coming, { looks: LOOKS_UNTIL_IDLE, most: MOST_LOOKS, mayLeave: () => true }),
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
