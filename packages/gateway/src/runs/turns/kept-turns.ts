import { GatewayError } from '../../errors.ts';
import type { Conversation, KeptItem, Turn, TurnStore } from '../../protocol/state/turns.ts';
import type { LivingTurns } from './living-turns.ts';

/** A turn that is kept. `isLost` where its run went on without its caller, and its gateway is gone. */
export type KeptTurn = Turn & { readonly isLost: boolean };

/** What is kept, for the key that it belongs to: to another it is as if it was not there. All throw `record_not_found`. */
export type KeptTurns = {
  readonly turn: (keyId: string, id: string) => Promise<KeptTurn>;
  readonly conversation: (keyId: string, id: string) => Promise<Conversation>;
  /** Items of a conversation, oldest first. */
  readonly items: (keyId: string, conversationId: string) => Promise<readonly KeptItem[]>;
  readonly removeTurn: (keyId: string, id: string) => Promise<void>;
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

  async function turn(keyId: string, id: string): Promise<KeptTurn> {
    const found = await store.find(id);
    if (!found || found.keyId !== keyId || found.answer === null) throw gone('response', id);
    return { ...found, isLost: isLost(found, deps) };
  }

  async function conversation(keyId: string, id: string): Promise<Conversation> {
    const found = await store.conversations.find(id);
    if (!found || found.keyId !== keyId) throw gone('conversation', id);
    return found;
  }

  return {
    turn,
    conversation,
    async items(keyId, conversationId) {
      const { headId } = await conversation(keyId, conversationId);
      return headId === null ? [] : store.line(headId);
    },
    async removeTurn(keyId, id) {
      await turn(keyId, id);
      await store.remove(id);
    },
  };
}

function isLost(turn: Turn, { isShared, living, nowMs }: KeptTurnsDeps): boolean {
  const { id, aliveUntilMs } = turn;
  if (aliveUntilMs === null || living.has(id)) return false;
  return !isShared || aliveUntilMs < nowMs();
}

const maxShownLength = 64;

function gone(what: 'response' | 'conversation', id: string): GatewayError {
  const param = what === 'response' ? 'previousId' : 'conversationId';
  return new GatewayError(
    'record_not_found',
    `There is no ${what} '${id.slice(0, maxShownLength)}' of this key. It may have been deleted, or have expired.`,
    { param },
  );
}
