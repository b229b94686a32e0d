import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TurnStore } from '../../../protocol/state/turns.ts';
import type { Engine } from '../../engines/engine.ts';

/** Turns removed by one statement; SQLite lets nothing else happen meanwhile. */
const PRUNE_STEP = 200;

/**
 * Removes turns that are too old, with conversations that were not used since, and the oldest ones beyond a size. A
 * conversation that is used stays whole for as long as there is room.
 *
 * @returns How many turns.
 */
export async function pruneTurns(
  engine: Engine,
  { beforeMs, keepBytes, nowMs }: Parameters<TurnStore['prune']>[0],
): Promise<number> {
  const { relaxed, guarded } = engine;
  const unused = relaxed.selectFrom('conversations').select('id').where('used_ms', '<', beforeMs);
  let removed = 0;
  for (;;) {
    const old = relaxed
      .selectFrom('turns')
      .select('id')
      .where('created_ms', '<', beforeMs)
      .where(({ eb, or }) =>
        or([eb('conversation_id', 'is', null), eb('conversation_id', 'in', unused)]),
      )
      .limit(PRUNE_STEP);
    const count = await removeThese(await guarded(() => old.execute()));
    removed += count;
    if (count < PRUNE_STEP) break;
    await nextTurn();
  }
  const gone = relaxed.deleteFrom('conversations').where('used_ms', '<', beforeMs);
  await guarded(() => gone.execute());
  return removed + (await pruneBeyond());

  async function pruneBeyond(): Promise<number> {
    let over = (await heldBytes(engine)) - keepBytes;
    if (over > 0) over -= await removeEmpty(engine, over);
    let count = 0;
    while (over > 0) {
      const oldest = relaxed
        .selectFrom('turns')
        .select(['id', 'bytes'])
        .where(({ eb, or }) =>
          or([eb('alive_until_ms', 'is', null), eb('alive_until_ms', '<', nowMs)]),
        )
        .orderBy('created_ms')
        .orderBy('id')
        .limit(PRUNE_STEP);
      const some: { id: string; bytes: number }[] = [];
      for (const row of await guarded(() => oldest.execute())) {
        if (over <= 0) break;
        some.push(row);
        over -= row.bytes;
      }
      if (some.length === 0) break;
      count += await removeThese(some);
      await nextTurn();
    }
    return count;
  }

  async function removeThese(rows: readonly { readonly id: string }[]): Promise<number> {
    if (rows.length === 0) return 0;
    const ids = rows.map(({ id }) => id);
    await guarded(() => relaxed.deleteFrom('turns').where('id', 'in', ids).execute());
    return rows.length;
  }
}

/** What the row of a conversation takes beside its metadata, at least. */
const CONVERSATION_BYTES = 256;

async function heldBytes({ relaxed, guarded }: Engine): Promise<number> {
  const turns = relaxed.selectFrom('turns').select(({ fn }) => fn.sum('bytes').as('bytes'));
  const names = relaxed
    .selectFrom('conversations')
    .select(({ fn }) => [
      fn.countAll().as('count'),
      fn.sum(fn('length', ['metadata'])).as('bytes'),
    ]);
  const [ofTurns, ofNames] = await guarded(() =>
    Promise.all([turns.executeTakeFirst(), names.executeTakeFirst()]),
  );
  const count = Number(ofNames?.count ?? 0);
  return Number(ofTurns?.bytes ?? 0) + Number(ofNames?.bytes ?? 0) + count * CONVERSATION_BYTES;
}

/** Removes conversations in which nothing was ever said, the oldest first. @returns How many bytes. */
async function removeEmpty({ relaxed, guarded }: Engine, bytes: number): Promise<number> {
  let freed = 0;
  while (freed < bytes) {
    const oldest = relaxed
      .selectFrom('conversations')
      .select(({ fn }) => ['id', fn<number>('length', ['metadata']).as('bytes')])
      .where('head_id', 'is', null)
      .where('claim', 'is', null)
      .orderBy('used_ms')
      .orderBy('id')
      .limit(PRUNE_STEP);
    const ids: string[] = [];
    for (const row of await guarded(() => oldest.execute())) {
      if (freed >= bytes) break;
      ids.push(row.id);
      freed += Number(row.bytes) + CONVERSATION_BYTES;
    }
    if (ids.length === 0) break;
    await guarded(() => relaxed.deleteFrom('conversations').where('id', 'in', ids).execute());
    await nextTurn();
  }
  return freed;
}
