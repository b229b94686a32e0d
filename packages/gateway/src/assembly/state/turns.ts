import { createConversations } from '../../runs/turns/conversations.ts';
import { createKeptTurns } from '../../runs/turns/kept-turns.ts';
import { createOpenTurn, type OpenTurnDeps } from '../../runs/turns/open-turn.ts';
import type { Parts } from '../agent-processes.ts';
import { createPruneTurns } from './prune-turns.ts';

/** What is kept of conversations, for those who hold them. */
export function createTurns(parts: Parts) {
  const { turns: store } = parts.store;
  const settings = () => parts.live.current().state;
  const kept = createKeptTurns(store);
  const prune = createPruneTurns({ ...parts, store, settings });
  const deps: OpenTurnDeps = { store, settings, nowMs: Date.now, kept, onKept: prune };
  return { open: createOpenTurn(deps), kept, conversations: createConversations(deps) };
}
