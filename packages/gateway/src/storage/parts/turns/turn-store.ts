import type { Kysely } from 'kysely';
import type { KeptItem, Turn, TurnStatus, TurnStore } from '../../../protocol/state/turns.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Tables, TurnRow } from '../../tables.ts';
import { compileStatement } from '../compiled-statement.ts';
import { createConversationStore } from './conversation-store.ts';
import { pruneTurns } from './prune-turns.ts';
import { createPutTurns } from './put-turns.ts';

/** The conversations of an open database. */
export function createTurnStore(engine: Engine): TurnStore {
  const { relaxed, guarded } = engine;
  const line = compileStatement<LineAsked, LineRow>((asked) => lineOf(relaxed, asked));
  return {
    ...createPutTurns(engine),
    async find(id) {
      const found = relaxed.selectFrom('turns').selectAll().where('id', '=', id);
      const row = await guarded(() => found.executeTakeFirst());
      return row ? toTurn(row) : null;
    },
    async renew(ids, aliveUntilMs) {
      const renewed = relaxed
        .updateTable('turns')
        .set({ alive_until_ms: aliveUntilMs })
        .where('id', 'in', ids)
        .where('alive_until_ms', 'is not', null);
      await guarded(() => renewed.execute());
    },
    async line(id, most) {
      const { rows } = await guarded(() => line(relaxed, { id, ...most }));
      if (rows.length > most.turns || Number(rows[0]?.letters ?? 0) > most.letters) return null;
      return rows.flatMap(({ items }) => {
        const { input, output } = toItems(items);
        return [...input, ...output];
      });
    },
    async remove(id) {
      const answer = relaxed
        .updateTable('turns')
        .set({ answer: null, events: null })
        .where('id', '=', id)
        .where('conversation_id', 'is not', null)
        .where('answer', 'is not', null);
      const whole = relaxed
        .deleteFrom('turns')
        .where('id', '=', id)
        .where('conversation_id', 'is', null);
      const { numUpdatedRows } = await guarded(() => answer.executeTakeFirstOrThrow());
      const { numDeletedRows } = await guarded(() => whole.executeTakeFirstOrThrow());
      return numUpdatedRows + numDeletedRows > 0n;
    },
    conversations: createConversationStore(engine),
    prune: (limits) => pruneTurns(engine, limits),
  };
}

type LineAsked = { readonly id: string; readonly turns: number; readonly letters: number };

/** `letters` are those of a turn and all after it. */
type LineRow = Pick<TurnRow, 'items'> & { readonly letters: number };

/** A turn and those before it, oldest first; up to the first that is too much. */
function lineOf(database: Kysely<Tables>, asked: LineAsked) {
  return database
    .withRecursive('line(id, previous_id, letters, depth)', (query) =>
      query
        .selectFrom('turns')
        .select(({ lit, fn }) => [
          'id',
          'previous_id',
          fn<number>('length', ['items']).as('letters'),
          lit(1).as('depth'),
        ])
        .where('id', '=', asked.id)
        .unionAll((more) =>
          more
            .selectFrom('turns')
            .innerJoin('line', 'line.previous_id', 'turns.id')
            .select(({ eb, fn, ref, lit }) => [
              'turns.id',
              'turns.previous_id',
              eb(ref('line.letters'), '+', fn<number>('length', ['turns.items'])).as('letters'),
              eb(ref('line.depth'), '+', lit(1)).as('depth'),
            ])
            .where('line.depth', '<=', asked.turns)
            .where('line.letters', '<=', asked.letters),
        ),
    )
    .selectFrom('line')
    .innerJoin('turns', 'turns.id', 'line.id')
    .select(['turns.items', 'line.letters'])
    .orderBy('line.depth', 'desc');
}

function toTurn(row: TurnRow): Turn {
  return {
    id: row.id,
    keyId: row.key_id,
    user: row.end_user,
    agentId: row.agent_id,
    previousId: row.previous_id,
    conversationId: row.conversation_id,
    createdMs: row.created_ms,
    status: row.status as TurnStatus,
    ...toItems(row.items),
    answer: row.answer,
    aliveUntilMs: row.alive_until_ms,
    events: row.events,
    prefixHash: row.prefix_hash,
  };
}

function toItems(json: string): { readonly input: KeptItem[]; readonly output: KeptItem[] } {
  return JSON.parse(json);
}
