import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { DecisionStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';
import type { DecisionRow, Tables } from '../tables.ts';

/** One table of decisions. The types say `decisions`, because the other has the same columns. */
export type DecisionTable = { readonly database: Kysely<Tables>; readonly table: 'decisions' };

type Place = Pick<DecisionRow, 'id' | 'time_ms'>;
type KeyId = DecisionRow['key_id'];

/** Rows looked at by one statement; SQLite lets nothing else happen meanwhile. */
export const READ_STEP = 5000;

/** Rows removed by one statement. */
const PRUNE_STEP = 1000;

export type PruneLimits = Parameters<DecisionStore['prune']>[0] & {
  /** Whether keys share the count, so that none pushes out what is of others. */
  readonly isShared: boolean;
};

/** Removes what is too old, and what is too much. @returns How many. */
export async function pruneDecisions(
  from: DecisionTable,
  guarded: Engine['guarded'],
  { beforeIso, keep, isShared }: PruneLimits,
): Promise<number> {
  const before = Date.parse(beforeIso);
  const isOld = ({ time_ms }: Place) => time_ms < before;
  const beyond = () => guarded(() => newestBeyond(from, keep));
  if (isShared) {
    const old = await pruneOldest(from, guarded, isOld);
    return (await beyond()) === null ? old : old + (await pruneShared(from, guarded, keep));
  }
  const newest = await beyond();
  return pruneOldest(
    from,
    guarded,
    (place) => isOld(place) || (newest !== null && place.id <= newest.id),
  );
}

async function pruneOldest(
  from: DecisionTable,
  guarded: Engine['guarded'],
  isOver: (place: Place) => boolean,
): Promise<number> {
  let removed = 0;
  for (;;) {
    const count = await guarded(() => removeOldest(from, isOver));
    removed += count;
    if (count < PRUNE_STEP) return removed;
    await nextTurn();
  }
}

/** The newest one after so many others, of those before an id; null where there are not so many. */
export async function newestBeyond(
  { database, table }: DecisionTable,
  count: number,
  before?: string,
): Promise<Place | null> {
  let query = database.selectFrom(table).select(['id', 'time_ms']);
  if (before !== undefined) query = query.where('id', '<', before);
  const row = await query.orderBy('id', 'desc').limit(1).offset(count).executeTakeFirst();
  return row ?? null;
}

/** Removes the oldest ones for as long as they are to go, at most a step. */
async function removeOldest(
  { database, table }: DecisionTable,
  isOver: (place: Place) => boolean,
): Promise<number> {
  const oldest = await database
    .selectFrom(table)
    .select(['id', 'time_ms'])
    .orderBy('id')
    .limit(PRUNE_STEP)
    .execute();
  const stays = oldest.findIndex((place) => !isOver(place));
  const over = stays === -1 ? oldest : oldest.slice(0, stays);
  const last = over.at(-1);
  if (!last) return 0;
  await database.deleteFrom(table).where('id', '<=', last.id).execute();
  return over.length;
}

/** Leaves each key its newest ones, as many for all: who has few keeps them, however many another makes. */
async function pruneShared(
  from: DecisionTable,
  guarded: Engine['guarded'],
  keep: number,
): Promise<number> {
  const counts = new Map<KeyId, number>();
  for await (const { key_id: keyId } of newestFirst(from, guarded))
    counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
  const share = fairShare([...counts.values()], keep);
  const seen = new Map<KeyId, number>();
  let over: string[] = [];
  let removed = 0;
  const remove = async () => {
    const ids = over;
    over = [];
    removed += ids.length;
    if (ids.length > 0) await guarded(() => removeThese(from, ids));
  };
  for await (const { id, key_id: keyId } of newestFirst(from, guarded)) {
    const count = (seen.get(keyId) ?? 0) + 1;
    seen.set(keyId, count);
    if (count > share) over.push(id);
    if (over.length === PRUNE_STEP) await remove();
  }
  await remove();
  return removed;
}

/** The most that each of several may have, so that they have no more than so many together. */
function fairShare(counts: readonly number[], total: number): number {
  let left = total;
  let sharing = counts.length;
  for (const count of counts.toSorted((a, b) => a - b)) {
    if (count * sharing > left) return Math.floor(left / sharing);
    left -= count;
    sharing -= 1;
  }
  return Number.POSITIVE_INFINITY;
}

async function* newestFirst({ database, table }: DecisionTable, guarded: Engine['guarded']) {
  let before: string | null = null;
  for (;;) {
    let query = database.selectFrom(table).select(['id', 'key_id']);
    if (before !== null) query = query.where('id', '<', before);
    const rows = await guarded(() => query.orderBy('id', 'desc').limit(READ_STEP).execute());
    yield* rows;
    before = rows.at(-1)?.id ?? null;
    if (rows.length < READ_STEP) return;
    await nextTurn();
  }
}

async function removeThese({ database, table }: DecisionTable, ids: readonly string[]) {
  await database.deleteFrom(table).where('id', 'in', ids).execute();
}
