import type { Emit } from '../events.ts';
import type { Store, StorePart } from '../protocol/store.ts';

export type FollowStoreDeps = {
  readonly store: Pick<Store, 'versions' | 'onNotification'>;
  /** Milliseconds of a clock that only goes forward: a machine's is set now and then. */
  readonly steadyMs: () => number;
  readonly emit: Emit;
};

/** Keeps what is in memory like what is in the store, whoever changes it. */
export type FollowStore = {
  /**
   * Reads a part now, and again whenever its version changes.
   *
   * @param read - Replaces what is in memory; never called twice at a time.
   * @returns Reads it again now, after a change made here; resolves when what was changed before is in memory.
   */
  readonly follow: (part: StorePart, read: () => Promise<void>) => Promise<() => Promise<void>>;
  /** Milliseconds since what is in memory was last known to be as in the store; 0 while the store answers. */
  readonly awayForMs: () => number;
  readonly close: () => void;
};

/** How often the store is asked whether something changed. */
const ASK_INTERVAL_MS = 250;

/** Nothing is asked before the first `follow`. */
export function createFollowStore({ store, steadyMs, emit }: FollowStoreDeps): FollowStore {
  const parts = new Map<StorePart, Part>();
  let timer: NodeJS.Timeout | null = null;
  let lastKnownMs = 0;
  let isAway = false;
  let isClosed = false;
  let stopNotifications = () => {};

  const asking = onceMore(async () => {
    const askedAtMs = steadyMs();
    try {
      if (!isClosed) await readChanged(store, parts);
      isAway = false;
      lastKnownMs = askedAtMs;
    } catch (error) {
      // What is known so far goes on working; one word about it is enough.
      if (!isClosed && !isAway) {
        emit({ type: 'fault_survived', where: 'following the store', error });
      }
      isAway = true;
    }
  });
  const askLater = () => {
    if (isClosed) return;
    timer = setTimeout(() => void asking().then(askLater), ASK_INTERVAL_MS).unref();
  };

  return {
    async follow(name, read) {
      const part: Part = {
        seen: Number.NaN,
        reload: oneAtATime(async () => {
          const before = await store.versions();
          await read();
          part.seen = before[name];
        }),
      };
      await part.reload();
      if (parts.size === 0) {
        lastKnownMs = steadyMs();
        stopNotifications = store.onNotification(() => void asking());
        askLater();
      }
      parts.set(name, part);
      return part.reload;
    },
    awayForMs: () => (isAway ? steadyMs() - lastKnownMs : 0),
    close() {
      isClosed = true;
      stopNotifications();
      if (timer) clearTimeout(timer);
    },
  };
}

/** What is in memory: the version it is of, and how to read it anew. */
type Part = { seen: number; readonly reload: () => Promise<void> };

async function readChanged(
  store: FollowStoreDeps['store'],
  parts: ReadonlyMap<StorePart, Part>,
): Promise<void> {
  const versions = await store.versions();
  const failures: unknown[] = [];
  for (const [name, part] of parts) {
    if (versions[name] === part.seen) continue;
    // One part that cannot be read keeps no other from being read.
    await part.reload().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/** One after the other: what was read before a change must never replace what was read after it. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}

/** The same, but whoever asks while one waits its turn waits for that one. */
function onceMore(work: () => Promise<void>): () => Promise<void> {
  let waiting: Promise<void> | null = null;
  const inTurn = oneAtATime(() => {
    waiting = null;
    return work();
  });
  return () => {
    waiting ??= inTurn();
    return waiting;
  };
}
