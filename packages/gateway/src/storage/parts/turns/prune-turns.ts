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
  { relaxed, guarded }: Engine,
  { beforeMs, keepBytes, nowMs }: Parameters<TurnStore['prune']>[0],
): Promise<number> {
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
    const sum = relaxed.selectFrom('turns').select(({ fn }) => fn.sum<number>('bytes').as('bytes'));
    let over = Number((await guarded(() => sum.executeTakeFirst()))?.bytes ?? 0) - keepBytes;
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
