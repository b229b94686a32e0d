import { GatewayError } from '../../src/errors.ts';
import type { TurnDeps } from '../../src/http/deps.ts';

const nothing = async (): Promise<never> => {
  throw new GatewayError('record_not_found', 'Nothing is kept here.');
};

/** A gateway that keeps no conversations. */
export function fakeTurns(): TurnDeps {
  return {
    open: async ({ items }) => ({
      items,
      conversationId: null,
      boundTo: null,
      isKept: false,
      takesItems: false,
      instead: () => undefined,
      outlive: async () => undefined,
      keep: async () => undefined,
      end: async () => undefined,
    }),
    sessionAgent: async () => null,
    kept: {
      turn: nothing,
      conversation: nothing,
      items: nothing,
      referred: nothing,
      removeTurn: nothing,
    },
    conversations: {
      create: nothing,
      update: nothing,
      remove: nothing,
      add: nothing,
      removeItem: nothing,
    },
  };
}
