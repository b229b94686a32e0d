import { principalOf } from '../policy/authorize.ts';
import { knownAgent } from '../policy/review/known-agent.ts';
import { pageSize } from '../protocol/pages.ts';
import type { Caller, Decision, Question } from '../protocol/policy.ts';
import { agentStatus } from '../registry/agent-status.ts';
import type { Catalog } from '../registry/catalog.ts';
import { toModelInfo } from '../registry/model-info.ts';
import type { Parts } from './parts.ts';

/** What operators, callers and previews see of the agents in the catalog. */
export function createAgentViews(
  { observers }: Parts,
  catalog: Pick<Catalog, 'list'>,
  decide: (question: Question) => Decision,
) {
  const diagnosticsOf = (agent: string) =>
    observers.diagnostics.query({ agent, limit: pageSize.most }).errors;
  const canSee = (caller: Caller, agentId: string) =>
    decide({ principal: principalOf(caller), action: 'list_agents', resource: agentId }).answer ===
    'allow';
  return {
    agents: () =>
      catalog.list().map((entry) => agentStatus(entry, diagnosticsOf(entry.module.agentId))),
    models: (caller: Caller) =>
      catalog
        .list()
        .filter(({ module }) => canSee(caller, module.agentId))
        .flatMap(toModelInfo),
    knownAgents: () =>
      catalog.list().flatMap(({ module, served, withheld }) => {
        const manifest = (served ?? withheld)?.manifest;
        return manifest ? [knownAgent(module.agentId, module.modulePath, manifest)] : [];
      }),
  };
}
