import type { Agent } from '../../../api/agents.ts';

/** What the address of the list says. */
export type AgentSearch = {
  readonly q?: string;
  readonly state?: Agent['status'];
  readonly namespace?: string;
};

/** In the order in which they need somebody. */
export const agentStates = ['failed', 'degraded', 'loading', 'ready'] as const;

/** Reads the address; what it cannot be is left out. */
export function readAgentSearch(search: Readonly<Record<string, unknown>>): AgentSearch {
  const state = agentStates.find((each) => each === search.state);
  const q = textOf(search.q);
  const namespace = textOf(search.namespace);
  return { ...(q && { q }), ...(state && { state }), ...(namespace && { namespace }) };
}

/** What stands before the slash of a model id. */
export function namespaceOf(id: string): string {
  const slash = id.indexOf('/');
  return slash < 0 ? '' : id.slice(0, slash);
}

/** Those that fit. A text is looked for in id, name, path, model and tools. */
export function fittingAgents(agents: readonly Agent[], search: AgentSearch): readonly Agent[] {
  const wanted = (search.q ?? '').trim().toLowerCase();
  return agents.filter(
    (agent) =>
      (search.state === undefined || agent.status === search.state) &&
      (search.namespace === undefined || namespaceOf(agent.id) === search.namespace) &&
      (wanted === '' || wordsOf(agent).toLowerCase().includes(wanted)),
  );
}

/** The newest error of an agent; its warnings are no errors. */
export function lastErrorOf({ diagnostics }: Agent): Agent['diagnostics'][number] | undefined {
  return diagnostics.find(({ severity }) => severity === 'error');
}

function wordsOf({ id, display_name, module_path, model, tools }: Agent): string {
  return [id, display_name, module_path, model?.name ?? '', ...tools].join('\n');
}

/** A number in the address is read as one. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : undefined;
}
