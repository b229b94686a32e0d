import type { Owner } from '../../protocol/state/owner.ts';
import type { Approvals } from '../../runs/approvals/approval-types.ts';
import { createConversations } from '../../runs/turns/conversations.ts';
import type { Erasures } from '../../runs/turns/erasures.ts';
import { createKeptTurns } from '../../runs/turns/kept-turns.ts';
import { createLivingTurns } from '../../runs/turns/living-turns.ts';
import { createOpenTurn } from '../../runs/turns/open-turn.ts';
import type { OpenTurnDeps } from '../../runs/turns/turn-types.ts';
import type { Parts } from '../agent-processes.ts';

/**
 * What is kept of conversations, for those who hold them.
 *
 * @param approvals - End the waiting of what waits in a conversation of which something is removed, and of a response that is.
 */
export function createTurns(
  parts: Parts,
  {
    erasures,
    approvals: { withdraw, withdrawRun },
  }: {
    readonly erasures: Erasures;
    readonly approvals: Pick<Approvals, 'withdraw' | 'withdrawRun'>;
  },
) {
  const { turns: store } = parts.store;
  const settings = () => parts.live.current().state;
  const nowMs = Date.now;
  const living = createLivingTurns(store, nowMs);
  const kept = createKeptTurns({ store, isShared: parts.store.isShared, living, nowMs });
  const aloneSinceMs = parts.store.isShared ? null : nowMs();
  const deps: OpenTurnDeps = { store, settings, nowMs, aloneSinceMs, kept, living, erasures };
  const conversations = createConversations(deps);
  return {
    open: createOpenTurn(deps),
    kept: {
      ...kept,
      async removeTurn(owner: Owner, id: string) {
        await kept.removeTurn(owner, id);
        await withdrawRun(owner.keyId, id.replace(/^resp_/, 'run_'));
      },
    },
    conversations: {
      ...conversations,
      async remove(owner: Owner, id: string) {
        await conversations.remove(owner, id);
        await withdraw(owner.keyId, id);
      },
      async removeItem(owner: Owner, id: string, itemId: string) {
        await conversations.removeItem(owner, id, itemId);
        // What waits there goes on with all that was said.
        await withdraw(owner.keyId, id);
      },
    },
  };
}
