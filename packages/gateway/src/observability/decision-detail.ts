import type { EventOf } from '../events.ts';
import type { DecisionRecord } from '../protocol/policy.ts';

/** What is told of a decision, in the log and in the store alike. */
export type DecisionDetail = Omit<DecisionRecord, 'id' | 'time' | 'modulePath'>;

/** Longer texts are cut: resources are what callers asked for, however long. */
const MAX_TEXT_LENGTH = 300;

/** Takes apart a decision. */
export function decisionDetail(event: EventOf<'access_decided'>): DecisionDetail {
  const { question, decision, requestId } = event;
  const { principal, action } = question;
  const key = principal.type === 'key' ? principal : principal.key;
  const resource = cut(question.resource);
  return {
    requestId,
    keyId: key?.id ?? null,
    user: key?.user?.id ?? null,
    role: key?.role ?? null,
    action,
    effect: decision.answer,
    resource,
    agentId: agentOf(event),
    tool: action === 'call_tool' ? resource : null,
    ruleId: decision.rule?.id ?? null,
    // No rule at all is the last tier.
    tier: decision.rule?.tier ?? 8,
    source: decision.rule?.source ?? null,
    reason: reasonOf(event),
  };
}

function reasonOf({ decision, times }: EventOf<'access_decided'>): string | null {
  if (times === undefined) return decision.rule?.reason ?? null;
  return `The last of ${times} more such decisions, which are not told one by one.`;
}

function agentOf({ question }: EventOf<'access_decided'>): string | null {
  const { principal, action, resource, context } = question;
  if (context?.agent_id) return cut(context.agent_id);
  if (principal.type === 'agent') return principal.id;
  return ['run_agent', 'list_agents', 'read_runs', 'raise_limits'].includes(action)
    ? cut(resource)
    : null;
}

function cut(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}…` : text;
}
