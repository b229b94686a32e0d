import { type AgentShape, agentGraph, isAgent, toolAgents, usedAgents } from '../agent-shape.ts';
import type { ModuleFacts } from '../facts/module-facts.ts';

/** A value of the module under the name it has there. */
export type Named<T> = readonly [name: string, value: T];

/** What the top level of a module holds, exported or not, and what its text says of it. */
export type TopLevel = {
  readonly values: Readonly<Record<string, unknown>>;
  readonly facts: ModuleFacts;
};

/** Why something was chosen that nobody named. */
export type Reason =
  | { readonly because: 'started'; readonly line: number }
  /** The file builds and runs it inside of a function, which it calls while it is loaded. */
  | { readonly because: 'run_inside'; readonly line: number }
  /** Its handoffs and tools reach all others. */
  | { readonly because: 'root'; readonly others: readonly string[] }
  | { readonly because: 'only' }
  /** It has the name of Agent Builder's entry, though it is not exported. */
  | { readonly because: 'workflow' };

/** The agent to serve, or all that could be meant, the likeliest first; null where the file starts another one. */
export type Choice =
  | { readonly agent: Named<AgentShape>; readonly reason: Reason }
  | { readonly several: readonly string[]; readonly startedLine: number | null }
  | null;

/**
 * Chooses among agents of which none is named: the one that the file itself runs, else the root of the graph. Agents that
 * others only use are left aside.
 */
export function chooseAgent(agents: readonly Named<AgentShape>[], topLevel: TopLevel): Choice {
  const candidates = withoutHelpers(agents, topLevel);
  const started = startedAgents(topLevel);
  if (started.length > 0) return chooseStarted(started, candidates, topLevel);
  if (startsInnerAgent(topLevel.facts)) return null;
  const [only] = candidates;
  if (!only) return null;
  if (agents.length === 1) return { agent: only, reason: { because: 'only' } };
  const root = rootOf(candidates);
  if (!root) return { several: candidates.map(([name]) => name), startedLine: null };
  const others = agents.filter(([, agent]) => agent !== root[1]).map(([name]) => name);
  return { agent: root, reason: { because: 'root', others } };
}

/** Agents among values, each once, `default` only where it has no other name. */
export function distinctAgents(values: readonly Named<unknown>[]): Named<AgentShape>[] {
  const byAgent = new Map<AgentShape, string>();
  for (const [name, value] of values) {
    if (isAgent(value) && (byAgent.get(value) ?? 'default') === 'default') byAgent.set(value, name);
  }
  return [...byAgent].map(([agent, name]) => [name, agent]);
}

/**
 * The one agent from which all others are reached. Where agents hand back, several reach all; then it is the one that
 * hands off to each of the others directly, or has it as a tool.
 */
export function rootOf(agents: readonly Named<AgentShape>[]): Named<AgentShape> | undefined {
  const reachesAll = (reached: AgentShape[]) =>
    agents.every(([, other]) => reached.includes(other));
  const roots = agents.filter(([, agent]) => reachesAll(agentGraph(agent)));
  if (roots.length === 1) return roots[0];
  const hubs = roots.filter(([, agent]) => reachesAll([agent, ...usedAgents(agent)]));
  return hubs.length === 1 ? hubs[0] : undefined;
}

/** Agents that are more than tools of others; all of them where none is. */
export function withoutHelpers(
  agents: readonly Named<AgentShape>[],
  { values, facts }: TopLevel,
): readonly Named<AgentShape>[] {
  if (agents.length < 2) return agents;
  const tools = agents.flatMap(([, agent]) => toolAgents(agent));
  const helpers = [...facts.helpers.map((name) => values[name]), ...tools];
  const rest = agents.filter(([, agent]) => !helpers.includes(agent));
  return rest.length > 0 ? rest : agents;
}

type Started = { readonly agent: Named<AgentShape>; readonly line: number };

/** Agents that the file runs, each once, in order; one may come from another file. */
function startedAgents({ values, facts }: TopLevel): Started[] {
  const byAgent = new Map<AgentShape, Started>();
  for (const { name, isTopLevel, line } of facts.runs) {
    const value = isTopLevel && name !== null ? values[name] : null;
    if (name !== null && isAgent(value) && !byAgent.has(value)) {
      byAgent.set(value, { agent: [name, value], line });
    }
  }
  return [...byAgent.values()];
}

function chooseStarted(
  started: readonly Started[],
  candidates: readonly Named<AgentShape>[],
  topLevel: TopLevel,
): Choice {
  const agents = withoutHelpers(
    started.map(({ agent }) => agent),
    topLevel,
  );
  const chosen = agents.length === 1 ? agents[0] : rootOf(agents);
  const line = started.find(({ agent }) => agent === chosen)?.line;
  if (chosen && line !== undefined) return { agent: chosen, reason: { because: 'started', line } };
  const names = [...agents, ...candidates].map(([name]) => name);
  return {
    several: [...new Set(names)],
    startedLine: started.find(({ agent }) => agent === agents[0])?.line ?? null,
  };
}

function startsInnerAgent({ runs, inner }: ModuleFacts): boolean {
  const names = new Set(inner.map(({ name }) => name));
  return runs.some(({ name, isTopLevel }) => name === null || (!isTopLevel && names.has(name)));
}
