import type { TurnStore } from '../../protocol/state/turns.ts';

/** The turns of this process whose runs go on without their caller. */
export type LivingTurns = {
  /** @returns Until when it is known to go on, in Unix milliseconds; it is said again before that. */
  readonly add: (id: string) => number;
  readonly remove: (id: string) => void;
  readonly has: (id: string) => boolean;
};

/** How long a run counts as going on without its gateway saying so. */
const ALIVE_MS = 60_000;

export function createLivingTurns(
  store: Pick<TurnStore, 'renew'>,
  nowMs: () => number,
): LivingTurns {
  const ids = new Set<string>();
  let timer: NodeJS.Timeout | null = null;
  const renew = () => {
    // Where the store is away, what it says of them ends by itself.
    store.renew([...ids], nowMs() + ALIVE_MS).catch(() => undefined);
  };
  return {
    add(id) {
      ids.add(id);
      timer ??= setInterval(renew, ALIVE_MS / 3).unref();
      return nowMs() + ALIVE_MS;
    },
    remove(id) {
      ids.delete(id);
      if (ids.size > 0 || !timer) return;
      clearInterval(timer);
      timer = null;
    },
    has: (id) => ids.has(id),
  };
}
