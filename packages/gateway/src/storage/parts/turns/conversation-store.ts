import type { Kysely } from 'kysely';
import type { Conversation, ConversationStore, KeptItem } from '../../../protocol/state/turns.ts';
import type { Engine } from '../../engines/engine.ts';
import type { ConversationRow, Tables } from '../../tables.ts';

/** The names of lines of turns, of an open database. */
export function createConversationStore({ relaxed, guarded }: Engine): ConversationStore {
  const one = (id: string) => relaxed.updateTable('conversations').where('id', '=', id);
  return {
    async create(conversation) {
      const made = relaxed.insertInto('conversations').values(toRow(conversation));
      const isNew = made.onConflict((conflict) => conflict.column('id').doNothing());
      await guarded(() => isNew.execute());
    },
    async find(id) {
      const found = relaxed.selectFrom('conversations').selectAll().where('id', '=', id);
      const row = await guarded(() => found.executeTakeFirst());
      return row ? toConversation(row) : null;
    },
    async update(id, metadata) {
      const update = one(id).set({ metadata: JSON.stringify(metadata) });
      const { numUpdatedRows } = await guarded(() => update.executeTakeFirstOrThrow());
      return numUpdatedRows === 1n;
    },
    remove: (id) =>
      guarded(() =>
        relaxed.transaction().execute(async (work) => {
          // First, so that whoever adds a turn has done so before the turns are removed, or finds no conversation.
          const gone = work.deleteFrom('conversations').where('id', '=', id);
          const { numDeletedRows } = await gone.executeTakeFirstOrThrow();
          await work.deleteFrom('turns').where('conversation_id', '=', id).execute();
          return numDeletedRows === 1n;
        }),
      ),
    async claim({ conversationId, token }, { nowMs, untilMs }) {
      const claim = one(conversationId)
        .set({ claim: token, claimed_until_ms: untilMs })
        .where(({ eb, or }) =>
          or([
            eb('claim', 'is', null),
            eb('claim', '=', token),
            eb('claimed_until_ms', '<', nowMs),
          ]),
        );
      const { numUpdatedRows } = await guarded(() => claim.executeTakeFirstOrThrow());
      return numUpdatedRows === 1n;
    },
    async release({ conversationId, token }) {
      const free = one(conversationId)
        .set({ claim: null, claimed_until_ms: null })
        .where('claim', '=', token);
      await guarded(() => free.execute());
    },
    endingWith: (id, hashes) => guarded(() => endingWith(relaxed, id, hashes)),
    removeItem: (id, itemId) =>
      guarded(() => relaxed.transaction().execute((work) => removeItem(work, id, itemId))),
  };
}

async function endingWith(
  database: Kysely<Tables>,
  id: string,
  hashes: readonly string[],
): Promise<Map<string, string>> {
  if (hashes.length === 0) return new Map();
  const rows = await database
    .selectFrom('turns')
    .select(['id', 'prefix_hash'])
    .where('conversation_id', '=', id)
    .where('prefix_hash', 'in', hashes)
    .orderBy('created_ms')
    .orderBy('id')
    .execute();
  return new Map(rows.map((row) => [row.prefix_hash ?? '', row.id]));
}

/** Of what an id may have, only `_` means something in a pattern: some letter. */
async function removeItem(work: Kysely<Tables>, id: string, itemId: string): Promise<boolean> {
  const turns = await work
    .selectFrom('turns')
    .select(['id', 'items'])
    .where('conversation_id', '=', id)
    .where('items', 'like', `%"id":"${itemId}"%`)
    .execute();
  for (const turn of turns) {
    const { input, output } = JSON.parse(turn.items) as Record<'input' | 'output', KeptItem[]>;
    const isOther = (item: KeptItem) => item.id !== itemId;
    const left = { input: input.filter(isOther), output: output.filter(isOther) };
    if (left.input.length + left.output.length === input.length + output.length) continue;
    const items = JSON.stringify(left);
    await work.updateTable('turns').set({ items }).where('id', '=', turn.id).execute();
    return true;
  }
  return false;
}

function toRow(conversation: Conversation): ConversationRow {
  return {
    id: conversation.id,
    key_id: conversation.keyId,
    end_user: conversation.user,
    agent_id: conversation.agentId,
    created_ms: Math.floor(conversation.createdMs),
    used_ms: Math.floor(conversation.createdMs),
    metadata: JSON.stringify(conversation.metadata),
    head_id: conversation.headId,
    claim: null,
    claimed_until_ms: null,
  };
}

function toConversation(row: ConversationRow): Conversation {
  return {
    id: row.id,
    keyId: row.key_id,
    user: row.end_user,
    agentId: row.agent_id,
    createdMs: row.created_ms,
    metadata: JSON.parse(row.metadata),
    headId: row.head_id,
  };
}
