import type { Emit } from '../../events.ts';
import type { TurnStore } from '../../protocol/state/turns.ts';
import type { TurnSettings } from '../../runs/turns/open-turn.ts';

export type PruneTurnsDeps = {
  readonly store: TurnStore;
  readonly settings: () => TurnSettings;
  readonly emit: Emit;
};

/** How long after a look at what is too old the next one comes, at least. */
const PAUSE_MS = 10 * 60_000;

const DAY_MS = 24 * 3_600_000;
const MIB = 1024 * 1024;

/** Removes what is too old, and what is too much, now and then while more is kept: nobody waits for it. */
export function createPruneTurns({ store, settings, emit }: PruneTurnsDeps): () => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = Date.now();
    if (nowMs - lastMs < PAUSE_MS) return;
    lastMs = nowMs;
    const { keepDays, keepMb } = settings();
    const limits = { beforeMs: nowMs - keepDays * DAY_MS, keepBytes: keepMb * MIB, nowMs };
    store.prune(limits).catch((error: unknown) => {
      emit({ type: 'fault_survived', where: 'removal of old conversations', error });
    });
  };
}
