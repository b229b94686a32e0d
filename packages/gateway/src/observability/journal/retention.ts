import type { Emit } from '../../events.ts';
import type { JournalStore } from '../../protocol/journal/journal.ts';

export type RetentionDeps = {
  readonly store: Pick<JournalStore, 'prune'>;
  /** How much is kept, and for how long; asked each time it is looked at. */
  readonly settings: () => { readonly keepDays: number; readonly keepMb: number };
  readonly emit: Emit;
};

/** How often what is too old or too much is looked for. */
const PRUNE_INTERVAL_MS = 60_000;

const DAY_MS = 86_400_000;
const MIB = 2 ** 20;

/** Removes what is too old or too much, now and then, once it has begun. */
export function createRetention({ store, settings, emit }: RetentionDeps) {
  let timer: NodeJS.Timeout | null = null;
  let isPruning = false;
  const prune = async () => {
    if (isPruning) return;
    isPruning = true;
    try {
      const { keepDays, keepMb } = settings();
      const beforeMs = Date.now() - keepDays * DAY_MS;
      await store.prune({ beforeMs, keepBytes: keepMb * MIB });
    } catch (error) {
      emit({ type: 'fault_survived', where: 'pruning the journal', error });
    }
    isPruning = false;
  };
  return {
    begin() {
      timer ??= setInterval(() => void prune(), PRUNE_INTERVAL_MS).unref();
    },
    end() {
      if (timer) clearInterval(timer);
    },
  };
}
