import { matchesGlob } from '../../policy/rules/glob.ts';
import type { ModuleSettings } from '../../protocol/records.ts';
import {
  createSessionAgent,
  type SessionAgent,
  type SessionAgentDeps,
} from '../../runs/turns/session-agent.ts';
import type { Parts } from '../agent-processes.ts';

/** Knows which agents have sessions: what the operator says of one holds over what its author does. */
export function createSessionAgentOf(
  { live, policy, nowSeconds }: Pick<Parts, 'live' | 'policy' | 'nowSeconds'>,
  find: SessionAgentDeps['find'],
): SessionAgent {
  return createSessionAgent({
    find,
    rules: policy.current,
    nowSeconds,
    asSet: (agentId) => asSet({ live }, agentId),
  });
}

/** Whether an agent has sessions. */
export function hasSessions(
  parts: Pick<Parts, 'live'>,
  agentId: string,
  { sessions = false }: Pick<ModuleSettings, 'sessions'>,
): boolean {
  return asSet(parts, agentId) ?? sessions;
}

/** What the operator says; undefined leaves it to the author. */
function asSet({ live }: Pick<Parts, 'live'>, agentId: string): boolean | undefined {
  const { state, sessions } = live.current();
  if (state.keepDays === 0) return false;
  return sessions.findLast(({ agents }) => matchesGlob(agents, agentId))?.isOn;
}
