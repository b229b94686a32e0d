import type { KeyPrincipal, RuleSource } from '../../protocol/policy.ts';
import type { AuditFinding } from '../../protocol/security/audit.ts';
import { decide } from '../rules/decide.ts';
import type { AuditFacts } from './audit-facts.ts';

/** A caller's key that nobody speaks of by id or name. */
const anyKey: KeyPrincipal = {
  type: 'key',
  id: 'key_',
  name: '',
  role: 'caller',
  namespaces: null,
  agents: null,
};

/** Agents that every key may run: because nobody said anything of their namespace, or because a rule says so. */
export function auditAgents(facts: AuditFacts): AuditFinding[] {
  if (facts.agents.length === 0) return [nothingKnown];
  const open = facts.agents
    .map(({ id }) => ({ id, source: openedBy(id, facts) }))
    .filter(({ source }) => source !== null && source !== 'override');
  const unsaid = open.filter(({ source }) => source === 'built_in');
  const byNamespace = Map.groupBy(unsaid, ({ id }) => id.split('/', 1)[0] ?? '').entries();
  return [
    ...byNamespace.map(([name, agents]) =>
      withoutDefault(
        name,
        agents.map(({ id }) => id),
      ),
    ),
    ...open.filter(({ source }) => source !== 'built_in').map(({ id }) => openToAll(id)),
  ];
}

/** Where the rule stands that lets every key run an agent; null where none does. */
function openedBy(agentId: string, { rules, nowSeconds }: AuditFacts): RuleSource | null {
  const question = { principal: anyKey, action: 'run_agent', resource: agentId } as const;
  const { answer, rule } = decide(rules, question, nowSeconds);
  return answer === 'allow' ? (rule?.source ?? null) : null;
}

function withoutDefault(namespace: string, agentIds: readonly string[]): AuditFinding {
  return {
    severity: 'warning',
    code: 'namespace_without_default',
    subject: namespace,
    message: `Nothing says who may run the agents of ${namespace}, so every key may: ${agentIds.join(', ')}.`,
    hint: `Set security.namespaces.${namespace}.run_agents in gateway.yaml to allow, deny or a list.`,
  };
}

function openToAll(agentId: string): AuditFinding {
  return {
    severity: 'info',
    code: 'agent_open_to_all',
    subject: agentId,
    message: `Every key may run ${agentId}, because gateway.yaml says so.`,
    hint: 'Name the principals where not all are meant.',
  };
}

const nothingKnown: AuditFinding = {
  severity: 'info',
  code: 'agents_unknown',
  subject: 'agents',
  message: 'No agent has loaded on this store yet, so nothing is said about agents.',
  hint: 'Start the gateway once, then audit again.',
};
