import { randomBytes } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import type { Owner } from '../../protocol/state/owner.ts';
import type { Conversation, KeptItem } from '../../protocol/state/turns.ts';
import { isId } from './kept-turns.ts';
import { createOpenTurn, prefixOf } from './open-turn.ts';
import type { OpenTurnDeps } from './turn-types.ts';

type Metadata = Conversation['metadata'];

/** What a key, for one of its users, does with its conversations. All throw GatewayError; `record_not_found` for what is another's. */
export type Conversations = {
  readonly create: (
    owner: Owner,
    first: { readonly items: readonly InputItem[]; readonly metadata: Metadata },
  ) => Promise<Conversation>;
  readonly update: (owner: Owner, id: string, metadata: Metadata) => Promise<Conversation>;
  readonly remove: (owner: Owner, id: string) => Promise<void>;
  /** Adds items at its end, and gives them their ids. */
  readonly add: (
    owner: Owner,
    id: string,
    items: readonly InputItem[],
  ) => Promise<readonly KeptItem[]>;
  readonly removeItem: (owner: Owner, id: string, itemId: string) => Promise<void>;
};

export function createConversations(deps: OpenTurnDeps): Conversations {
  const { store, kept, nowMs } = deps;
  const add = createAddItems(deps);
  return {
    async create(owner, { items, metadata }) {
      if (deps.settings().keepDays === 0) throw keepsNone();
      const id = `conv_${newSuffix()}`;
      const made = { id, ...owner, agentId: null, createdMs: nowMs(), metadata, headId: null };
      await store.conversations.create(made);
      if (items.length > 0) await add(owner, id, items);
      return made;
    },
    async update(owner, id, metadata) {
      const found = await kept.conversation(owner, id);
      await store.conversations.update(id, metadata);
      return { ...found, metadata };
    },
    async remove(owner, id) {
      await kept.conversation(owner, id);
      await store.conversations.remove(id);
    },
    add,
    async removeItem(owner, id, itemId) {
      await kept.conversation(owner, id);
      if (!(isId(itemId) && (await store.conversations.removeItem(id, itemId)))) {
        const message = `The conversation has no item '${itemId.slice(0, 64)}'.`;
        throw new GatewayError('record_not_found', message);
      }
    },
  };
}

/** Items that a caller adds are a turn in which no agent takes part. */
function createAddItems(deps: OpenTurnDeps): Conversations['add'] {
  const openTurn = createOpenTurn(deps);
  return async (owner, conversationId, items) => {
    const wanted = { previousId: null, conversationId, keeps: false, outlives: false, leading: 0 };
    const signal = new AbortController().signal;
    const turn = await openTurn({ owner, wanted, items: [], signal });
    try {
      const suffix = newSuffix();
      const output = items.map((item, index) => ({
        id: `${prefixOf(item)}_${suffix}_${index}`,
        item,
      }));
      await turn.keep({ id: `turn_${suffix}`, status: 'completed', output, answer: '' }, null);
      return output;
    } finally {
      await turn.end();
    }
  };
}

function newSuffix(): string {
  return randomBytes(12).toString('hex');
}

function keepsNone(): GatewayError {
  return new GatewayError('unsupported_value', 'This gateway keeps no conversations.');
}
