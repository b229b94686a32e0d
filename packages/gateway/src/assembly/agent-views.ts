import { principalOf } from '../policy/authorize.ts';
import { knownAgent } from '../policy/review/known-agent.ts';
import { isInScope } from '../policy/rules/scopes.ts';
import type { AgentPage, AgentQuery, AgentStatus } from '../protocol/admin/agents-answer.ts';
import type { Caller, Decision, Question } from '../protocol/policy.ts';
import { agentStatus } from '../registry/agent-status.ts';
import type { Catalog, CatalogEntry } from '../registry/catalog.ts';
import { toModelInfo } from '../registry/model-info.ts';
import type { Parts } from './agent-processes.ts';
import { createAgentFacts } from './models/agent-facts.ts';
import { isGated } from './replay/gate.ts';

/** Characters of one page of agents, about: authors may describe them at length. */
const PAGE_CHARS = 2 * 1024 * 1024;

/** What operators, callers and previews see of the agents in the catalog. */
export function createAgentViews(
  parts: Parts,
  {
    catalog,
    decide,
    waitingRuns,
  }: {
    readonly catalog: Pick<Catalog, 'list'>;
    readonly decide: (question: Question) => Decision;
    readonly waitingRuns: (agentId: string) => number;
  },
) {
  const factsOf = createAgentFacts(parts);
  const statusOf = createStatusOf(parts, waitingRuns);
  const canSee = (caller: Caller, agentId: string) =>
    decide({ principal: principalOf(caller), action: 'list_agents', resource: agentId }).answer ===
    'allow';
  return {
    agents: () => catalog.list().map(statusOf()),
    agentPage(viewer: Caller, { after, limit }: AgentQuery): AgentPage {
      const entries = catalog.list().filter(({ module }) => isInScope(viewer, module.agentId));
      const start = entries.findIndex(({ module }) => module.agentId === after) + 1;
      const agents = fitting(
        entries
          .slice(start, start + limit)
          .values()
          .map(statusOf()),
      );
      const isLast = start + agents.length >= entries.length;
      return { agents, next: isLast ? null : (agents.at(-1)?.id ?? null) };
    },
    models: (caller: Caller) =>
      catalog
        .list()
        .filter(({ module }) => canSee(caller, module.agentId))
        .flatMap((entry) =>
          toModelInfo(entry, (module, served) => factsOf(caller, module, served)),
        ),
    /** Ids of the agents that use each gateway tool, by its name. */
    toolUsers() {
      return idsByName(catalog.list().flatMap(toolUses));
    },
    /** The same of upstreams. */
    upstreamUsers() {
      const uses = catalog.list().flatMap(({ module: { agentId }, served }) => {
        const name = served?.manifest.upstream?.name;
        return name === undefined ? [] : [{ name, agentId }];
      });
      return idsByName(uses);
    },
    knownAgents: () =>
      catalog.list().flatMap(({ module, served, withheld }) => {
        const manifest = (served ?? withheld)?.manifest;
        return manifest ? [knownAgent(module.agentId, module.modulePath, manifest)] : [];
      }),
  };
}

function toolUses({ module: { agentId }, served }: CatalogEntry) {
  const { gatewayTools = [], agents = [] } = served?.manifest ?? {};
  const given = agents.flatMap(({ tools }) => tools.filter(({ type }) => type === 'gateway'));
  const names = new Set([...gatewayTools, ...given.map(({ name }) => name)]);
  return [...names].map((name) => ({ name, agentId }));
}

/** Makes what tells how each agent is at this moment. */
function createStatusOf(
  { observers, pool, live }: Parts,
  waitingRuns: (agentId: string) => number,
) {
  return () => {
    const diagnostics = observers.diagnostics.newestByAgent();
    const active = new Map<string | null, number>();
    for (const { agentId, activeRuns } of pool.workers()) {
      active.set(agentId, (active.get(agentId) ?? 0) + activeRuns);
    }
    const { testGates } = live.current();
    return (entry: CatalogEntry): AgentStatus => {
      const { agentId } = entry.module;
      return agentStatus(entry, {
        diagnostics: diagnostics.get(agentId) ?? [],
        activeRuns: active.get(agentId) ?? 0,
        waitingRuns: waitingRuns(agentId),
        isGated: isGated(testGates, agentId),
      });
    };
  };
}

function idsByName(uses: readonly { readonly name: string; readonly agentId: string }[]) {
  const byName = Map.groupBy(uses, ({ name }) => name);
  return new Map([...byName].map(([name, all]) => [name, all.map(({ agentId }) => agentId)]));
}

/** The first of them, as many as a page has room for; one always. */
function fitting(statuses: Iterable<AgentStatus>): AgentStatus[] {
  const page: AgentStatus[] = [];
  let chars = 0;
  for (const status of statuses) {
    chars += JSON.stringify(status).length;
    if (chars > PAGE_CHARS && page.length > 0) break;
    page.push(status);
  }
  return page;
}
