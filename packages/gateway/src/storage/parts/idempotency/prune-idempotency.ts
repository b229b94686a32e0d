import { setImmediate as nextTurn } from 'node:timers/promises';
import type { IdempotencyBounds, IdempotencyStore } from '../../../protocol/state/idempotency.ts';
import type { Engine } from '../../engines/engine.ts';

/** Requests removed by one statement; SQLite lets nothing else happen meanwhile. */
const PRUNE_STEP = 200;

type Limits = Parameters<IdempotencyStore['prune']>[0];

/** Removes what is too old, and the oldest of each key and of all beyond their bounds. What goes on stays. */
export async function pruneIdempotency(engine: Engine, limits: Limits): Promise<void> {
  await removeOld(engine, limits);
  let ofAll = nothing;
  for (const { keyId, requests, bytes } of await heldOfKeys(engine)) {
    const over = { requests: requests - limits.ofKey.requests, bytes: bytes - limits.ofKey.bytes };
    const removed = await removeOldest(engine, { keyId, over, nowMs: limits.nowMs });
    ofAll = sum(ofAll, { requests: requests - removed.requests, bytes: bytes - removed.bytes });
  }
  const over = {
    requests: ofAll.requests - limits.ofAll.requests,
    bytes: ofAll.bytes - limits.ofAll.bytes,
  };
  await removeOldest(engine, { keyId: null, over, nowMs: limits.nowMs });
}

const nothing: IdempotencyBounds = { requests: 0, bytes: 0 };

function sum(one: IdempotencyBounds, other: IdempotencyBounds): IdempotencyBounds {
  return { requests: one.requests + other.requests, bytes: one.bytes + other.bytes };
}

async function removeOld(engine: Engine, { beforeMs, nowMs }: Limits): Promise<void> {
  for (;;) {
    const old = oldest(engine, nowMs).where('created_ms', '<', Math.floor(beforeMs));
    const rows = await engine.guarded(() => old.execute());
    await remove(engine, rows);
    if (rows.length < PRUNE_STEP) return;
    await nextTurn();
  }
}

async function heldOfKeys({ relaxed, guarded }: Engine) {
  const sums = relaxed
    .selectFrom('idempotent_requests')
    .select(({ fn }) => ['key_id', fn.countAll().as('requests'), fn.sum('bytes').as('bytes')])
    .groupBy('key_id');
  const rows = await guarded(() => sums.execute());
  return rows.map(({ key_id: keyId, requests, bytes }) => ({
    keyId,
    requests: Number(requests),
    bytes: Number(bytes),
  }));
}

/** @returns What was removed. */
async function removeOldest(
  engine: Engine,
  beyond: {
    readonly keyId: string | null;
    readonly over: IdempotencyBounds;
    readonly nowMs: number;
  },
): Promise<IdempotencyBounds> {
  const { keyId, over } = beyond;
  let removed = nothing;
  const isOver = () => removed.requests < over.requests || removed.bytes < over.bytes;
  while (isOver()) {
    const all = oldest(engine, beyond.nowMs);
    const found = keyId === null ? all : all.where('key_id', '=', keyId);
    const some: { readonly id: string }[] = [];
    for (const { id, bytes } of await engine.guarded(() => found.execute())) {
      if (!isOver()) break;
      some.push({ id });
      removed = sum(removed, { requests: 1, bytes });
    }
    if (some.length === 0) break;
    await remove(engine, some);
    await nextTurn();
  }
  return removed;
}

/** The oldest that nobody answers any more. */
function oldest({ relaxed }: Engine, nowMs: number) {
  return relaxed
    .selectFrom('idempotent_requests')
    .select(['id', 'bytes'])
    .where(({ eb, or }) =>
      or([eb('alive_until_ms', 'is', null), eb('alive_until_ms', '<', Math.floor(nowMs))]),
    )
    .orderBy('created_ms')
    .orderBy('id')
    .limit(PRUNE_STEP);
}

async function remove(
  { relaxed, guarded }: Engine,
  rows: readonly { readonly id: string }[],
): Promise<void> {
  if (rows.length === 0) return;
  const ids = rows.map(({ id }) => id);
  await guarded(() => relaxed.deleteFrom('idempotent_requests').where('id', 'in', ids).execute());
}
