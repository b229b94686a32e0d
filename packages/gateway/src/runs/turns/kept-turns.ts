import { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import { isOf, type Owner } from '../../protocol/state/owner.ts';
import type { Conversation, KeptItem, Turn, TurnStore } from '../../protocol/state/turns.ts';
import type { LivingTurns } from './living-turns.ts';

/** A turn that is kept. `isLost` where its run went on without its caller, and its gateway is gone. */
export type KeptTurn = Turn & { readonly isLost: boolean };

/** What is kept, for the key and user that it belongs to: to others it is as if it was not there. All throw `record_not_found`. */
export type KeptTurns = {
  readonly turn: (owner: Owner, id: string) => Promise<KeptTurn>;
  readonly conversation: (owner: Owner, id: string) => Promise<Conversation>;
  /** Items of a conversation, oldest first. */
  readonly items: (owner: Owner, conversationId: string) => Promise<readonly KeptItem[]>;
  /** What items stand for, by their ids: nothing for one that tells of the agent's own work. */
  readonly referred: (
    owner: Owner,
    itemIds: readonly string[],
  ) => Promise<ReadonlyMap<string, readonly InputItem[]>>;
  readonly removeTurn: (owner: Owner, id: string) => Promise<void>;
};

export type KeptTurnsDeps = {
  readonly store: TurnStore;
  /** Whether other gateways use it too. */
  readonly isShared: boolean;
  readonly living: Pick<LivingTurns, 'has'>;
  readonly nowMs: () => number;
};

export function createKeptTurns(deps: KeptTurnsDeps): KeptTurns {
  const { store } = deps;

  async function turn(owner: Owner, id: string): Promise<KeptTurn> {
    const found = isId(id) ? await store.find(id) : null;
    if (!found || !isOf(owner, found) || found.answer === null) throw gone('response', id);
    return { ...found, isLost: isLost(found, deps) };
  }

  async function conversation(owner: Owner, id: string): Promise<Conversation> {
    const found = isId(id) ? await store.conversations.find(id) : null;
    if (!found || !isOf(owner, found)) throw gone('conversation', id);
    return found;
  }

  return {
    turn,
    conversation,
    async items(owner, conversationId) {
      const { headId } = await conversation(owner, conversationId);
      return headId === null ? [] : readLine(store, headId);
    },
    referred: (owner, itemIds) => referredOf(store, owner, itemIds),
    async removeTurn(owner, id) {
      await turn(owner, id);
      await store.remove(id);
    },
  };
}

/** Most turns that one request refers to. */
const MOST_REFERRED = 1000;

/** Ids of items have that of their turn in them. */
async function referredOf(
  store: TurnStore,
  owner: Owner,
  itemIds: readonly string[],
): Promise<Map<string, readonly InputItem[]>> {
  const bySuffix = Map.groupBy(
    itemIds,
    (id) => /^[a-z]+_([0-9a-z]+)_[a-z]?\d+$/.exec(id)?.[1] ?? '',
  );
  if (bySuffix.size > MOST_REFERRED) {
    const message = `The input refers to items of more than ${MOST_REFERRED} responses.`;
    throw new GatewayError('invalid_value', message, { param: 'items' });
  }
  const referred = new Map<string, readonly InputItem[]>();
  for (const [suffix, ids] of bySuffix) {
    const turn = suffix === '' ? null : await turnOf(store, owner, suffix);
    for (const id of ids) {
      if (!turn) throw noItem(id);
      const found = [...turn.input, ...turn.output].find((item) => item.id === id && !item.isOwn);
      // What is shown of the agent's own work is no part of the conversation.
      if (!found && !/^(rs|mcp)_/.test(id)) throw noItem(id);
      referred.set(id, found ? [found.item] : []);
    }
  }
  return referred;
}

async function turnOf(store: TurnStore, owner: Owner, suffix: string): Promise<Turn | null> {
  const turn = (await store.find(`resp_${suffix}`)) ?? (await store.find(`turn_${suffix}`));
  return turn && isOf(owner, turn) ? turn : null;
}

function noItem(id: string): GatewayError {
  return new GatewayError(
    'record_not_found',
    `There is no item '${id.slice(0, maxShownLength)}' of this key. Send the item itself, or do not set \`store\` to false where you come back to it.`,
    { param: 'items' },
  );
}

function isLost(turn: Turn, { isShared, living, nowMs }: KeptTurnsDeps): boolean {
  const { id, aliveUntilMs } = turn;
  if (aliveUntilMs === null || living.has(id)) return false;
  return !isShared || aliveUntilMs < nowMs();
}

const maxShownLength = 64;

/** Whether it could be an id of ours: a database need not take any other text. */
export function isId(id: string): boolean {
  return /^\w{1,128}$/.test(id);
}

function gone(what: 'response' | 'conversation', id: string): GatewayError {
  const shown = id.slice(0, maxShownLength);
  return new GatewayError(
    'record_not_found',
    `There is no ${what} '${shown}' of this key. It may have been deleted, or have expired.`,
  );
}

/** More than any conversation has that an agent can still take. */
const longest = { turns: 10_000, letters: 64 * 1024 * 1024 };

/**
 * The items of a turn and of those before it.
 *
 * @throws GatewayError `context_too_long`: more than is ever read at once.
 */
export async function readLine(store: TurnStore, id: string): Promise<readonly KeptItem[]> {
  const items = await store.line(id, longest);
  if (items) return items;
  throw new GatewayError(
    'context_too_long',
    'The conversation is too long to go on with, or to be listed. Begin a new one.',
  );
}
