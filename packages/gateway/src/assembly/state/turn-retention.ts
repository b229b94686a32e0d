import type { Emit } from '../../events.ts';
import { createRetention, type Retention } from '../../observability/retention.ts';
import type { TurnStore } from '../../protocol/state/turns.ts';
import type { TurnSettings } from '../../runs/turns/turn-types.ts';

export type TurnRetentionDeps = {
  readonly store: Pick<TurnStore, 'prune'>;
  readonly settings: () => TurnSettings;
  readonly emit: Emit;
  readonly everyMs?: number;
};

const MIB = 1024 * 1024;

/** Removes conversations that are too old, or too much, whether anybody still asks or not: nobody waits for it. */
export function createTurnRetention(deps: TurnRetentionDeps): Retention {
  const { store, settings, emit, everyMs = 60_000 } = deps;
  return createRetention({
    what: 'conversations',
    everyMs,
    nowMs: Date.now,
    keepDays: () => settings().keepDays,
    prune: (beforeMs) =>
      store.prune({ beforeMs, keepBytes: settings().keepMb * MIB, nowMs: Date.now() }),
    emit,
  });
}
