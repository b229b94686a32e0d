import type { Kysely } from 'kysely';
import type { Turn, TurnClaim, TurnStore } from '../../../protocol/state/turns.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Tables, TurnRow } from '../../tables.ts';
import { createRowInsert } from '../row-insert.ts';

/** Columns of a turn that change until it is over. */
const changing = [
  'agent_id',
  'previous_id',
  'conversation_id',
  'created_ms',
  'status',
  'items',
  'answer',
  'bytes',
  'alive_until_ms',
  'events',
  'prefix_hash',
] as const satisfies readonly (keyof TurnRow)[];

/** Keeps turns of an open database, as long as what they are a part of is there. */
export function createPutTurns({ relaxed, guarded }: Engine): Pick<TurnStore, 'put' | 'replace'> {
  const insert = createRowInsert<TurnRow>((rows) =>
    relaxed
      .insertInto('turns')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet((row) =>
            Object.fromEntries(changing.map((name) => [name, row.ref(`excluded.${name}`)])),
          ),
      ),
  );
  const put = async (work: Kysely<Tables>, row: TurnRow) => {
    await insert(work, [row]);
    return true;
  };
  const inConversation = (turn: Turn, claim: TurnClaim | undefined, keep: typeof put) =>
    relaxed
      .transaction()
      .execute(
        async (work) => (await useConversation(work, turn, claim)) && keep(work, toRow(turn)),
      );
  const keeping =
    (keep: typeof put): TurnStore['put'] =>
    (turn, claim) =>
      guarded(() =>
        turn.conversationId === null
          ? keep(relaxed, toRow(turn))
          : inConversation(turn, claim, keep),
      );
  return { put: keeping(put), replace: keeping(replaceRow) };
}

async function replaceRow(work: Kysely<Tables>, row: TurnRow): Promise<boolean> {
  const changed = Object.fromEntries(changing.map((name) => [name, row[name]]));
  const replaced = work.updateTable('turns').set(changed).where('id', '=', row.id);
  return (await replaced.executeTakeFirstOrThrow()).numUpdatedRows === 1n;
}

/**
 * Says that a conversation is used, which also keeps others from removing it meanwhile. With a claim, the turn becomes
 * its last one.
 *
 * @returns False where the claim is no more, or the conversation.
 */
async function useConversation(
  work: Kysely<Tables>,
  { id, createdMs, agentId, conversationId }: Turn,
  claim: TurnClaim | undefined,
): Promise<boolean> {
  const used = work
    .updateTable('conversations')
    .set({ used_ms: Math.floor(createdMs) })
    .where('id', '=', conversationId);
  const next =
    claim &&
    used
      .set({ head_id: id, ...(agentId && { agent_id: agentId }) })
      .where('claim', '=', claim.token);
  const { numUpdatedRows } = await (next ?? used).executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

function toRow(turn: Turn): TurnRow {
  const items = JSON.stringify({ input: turn.input, output: turn.output });
  return {
    id: turn.id,
    key_id: turn.keyId,
    end_user: turn.user,
    agent_id: turn.agentId,
    previous_id: turn.previousId,
    conversation_id: turn.conversationId,
    created_ms: Math.floor(turn.createdMs),
    status: turn.status,
    items,
    answer: turn.answer,
    bytes: items.length + (turn.answer?.length ?? 0) + (turn.events?.length ?? 0),
    alive_until_ms: turn.aliveUntilMs,
    events: turn.events,
    prefix_hash: turn.prefixHash,
  };
}
