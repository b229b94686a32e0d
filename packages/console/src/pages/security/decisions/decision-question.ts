import type { Decision, PreviewQuestion } from '../../../api/security.ts';

/** The question that a decision answered; null of one that nobody can ask again. */
export function questionOfDecision(decision: Decision): PreviewQuestion | null {
  const { key_id: key, agent_id: agent, action, resource, user } = decision;
  const isTool = action === 'call_tool';
  if (key === null && agent === null) return null;
  return {
    principal: key ?? `agent:${agent}`,
    action,
    resource,
    ...(user === null ? {} : { user }),
    ...(isTool && agent !== null ? { agent_id: agent } : {}),
  };
}
