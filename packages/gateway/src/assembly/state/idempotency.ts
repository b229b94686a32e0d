import { randomUUID } from 'node:crypto';
import { createRetention, type Retention } from '../../observability/retention.ts';
import { type AskOnce, createAskOnce } from '../../runs/idempotency/ask-once.ts';
import { createLivingTurns } from '../../runs/turns/living-turns.ts';
import type { Parts } from '../agent-processes.ts';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;

/** What repeats are known by may take so much; beyond it the oldest are forgotten before their time. */
const bounds = {
  ofKey: { requests: 10_000, bytes: 64 * MIB },
  ofAll: { requests: 100_000, bytes: 512 * MIB },
};

/** Bytes that are kept until it is looked at before its time what there is. */
const looksAfterBytes = 16 * MIB;

/** Knows requests that come again, and forgets them. */
export function createIdempotency(parts: Pick<Parts, 'store' | 'live' | 'emit'>): {
  readonly askOnce: AskOnce;
  readonly retention: Retention;
} {
  const { live, emit } = parts;
  const { idempotency: store, isShared } = parts.store;
  const nowMs = Date.now;
  const hours = () => live.current().state.idempotencyHours;
  const retention = createRetention({
    what: 'idempotent requests',
    everyMs: 60_000,
    nowMs,
    keepDays: () => hours() / 24,
    prune: (beforeMs) => store.prune({ beforeMs, nowMs: nowMs(), ...bounds }),
    emit,
  });
  let keptBytes = 0;
  const askOnce = createAskOnce({
    store,
    isShared,
    holder: randomUUID(),
    living: createLivingTurns(store, nowMs),
    keepMs: () => hours() * HOUR_MS,
    onKept(bytes) {
      keptBytes += bytes;
      if (keptBytes < looksAfterBytes) return;
      keptBytes = 0;
      retention.now();
    },
    nowMs,
  });
  return { askOnce, retention };
}
