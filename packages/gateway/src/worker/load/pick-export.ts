import {
  type AgentShape,
  handoffGraph,
  handoffTargets,
  isAgent,
  isClass,
  isRunnable,
} from '../agent-shape.ts';
import { fieldsOf } from '../sdk.ts';

/** What a module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>;

/** The export that is served. `value` is the agent, the workflow function or the object with `run`. */
export type PickedExport = {
  readonly kind: 'agent' | 'workflow' | 'runnable';
  readonly exportName: string;
  readonly value: unknown;
};

/** Why no export could be picked. */
export type NoPick =
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly exportNames: readonly string[] }
  /** A factory was called and gave nothing that can be served. */
  | { readonly kind: 'empty_factory'; readonly exportName: string; readonly result: unknown }
  /** A factory that takes arguments was called with none and choked on that. */
  | { readonly kind: 'hungry_factory'; readonly exportName: string; readonly thrown: TypeError };

/**
 * Picks what is served, first match wins: a name in `exportNames` → the export named like the folder → the only agent →
 * the root of the handoff graph among several → `runWorkflow` / `run_workflow`. Calls a factory once. Throws what it throws.
 */
export async function pickExport(
  exports: ModuleExports,
  names: { readonly exportNames: readonly string[]; readonly folderName: string },
): Promise<PickedExport | NoPick> {
  for (const exportName of names.exportNames) {
    const picked = await pickNamed(exports, exportName);
    if (picked) return picked;
  }
  const served = Object.entries(exports).filter(([, value]) => isAgent(value) || isRunnable(value));
  const namedLikeFolder = served.find(([name]) => isNamedLike(name, names.folderName));
  if (namedLikeFolder) return pick(...namedLikeFolder);
  const agents = distinctAgents(served);
  const root = agents.length > 1 ? rootOf(agents) : agents[0];
  if (root) return pick(...root);
  if (agents.length > 1) return { kind: 'several', exportNames: agents.map(([name]) => name) };
  return pickWorkflow(exports) ?? pickRunnable(exports, served) ?? { kind: 'none' };
}

/** Functions of these names are Agent Builder's entry points. */
const workflowNames: readonly string[] = ['runWorkflow', 'run_workflow'];

async function pickNamed(
  exports: ModuleExports,
  exportName: string,
): Promise<PickedExport | NoPick | null> {
  // A module may export the promise of an agent; it is as good as the agent.
  const value = await exports[exportName];
  if (isAgent(value) || isRunnable(value)) return pick(exportName, value);
  if (typeof value !== 'function' || isClass(value)) return null;
  if (workflowNames.includes(value.name)) return { kind: 'workflow', exportName, value };
  if (!isFactory(exportName, value)) return null;
  let result: unknown;
  try {
    result = await Reflect.apply(value, undefined, []);
  } catch (thrown) {
    if (value.length === 0 || !(thrown instanceof TypeError)) throw thrown;
    return { kind: 'hungry_factory', exportName, thrown };
  }
  return isAgent(result) || isRunnable(result)
    ? pick(exportName, result)
    : { kind: 'empty_factory', exportName, result };
}

/** A function by a factory's name; a default export counts where its own name says so or it has none. */
function isFactory(exportName: string, value: { name: string; length: number }): boolean {
  if (value.length > 0) return /^build_?agent$/i.test(exportName);
  return exportName !== 'default' || value.name === 'default' || /agent$/i.test(value.name);
}

function pick(exportName: string, value: unknown): PickedExport {
  return { kind: isAgent(value) ? 'agent' : 'runnable', exportName, value };
}

/** `SampleAgent` is named by `sampleAgent`, `sample_agent` and `sample`; `Sample` by `sampleAgent` too. */
function isNamedLike(exportName: string, folderName: string): boolean {
  const bare = (name: string) => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  const stem = (name: string) => bare(name).replace(/(?<=.)agent$/, '');
  return bare(exportName) === bare(folderName) || stem(exportName) === stem(folderName);
}

type Named<T> = [name: string, value: T];

/** Agents among the exports, each once, `default` only where it has no other name. */
function distinctAgents(served: Named<unknown>[]): Named<AgentShape>[] {
  const byAgent = new Map<AgentShape, string>();
  for (const [name, value] of served) {
    if (isAgent(value) && (byAgent.get(value) ?? 'default') === 'default') byAgent.set(value, name);
  }
  return [...byAgent].map(([agent, name]) => [name, agent]);
}

/**
 * The one agent from which all others are reached. Where agents hand back, several reach all; then it is the one that
 * hands off to each of the others directly.
 */
function rootOf(agents: Named<AgentShape>[]): Named<AgentShape> | undefined {
  const reachesAll = (reached: AgentShape[]) =>
    agents.every(([, other]) => reached.includes(other));
  const roots = agents.filter(([, agent]) => reachesAll(handoffGraph(agent)));
  if (roots.length === 1) return roots[0];
  const hubs = roots.filter(([, agent]) => reachesAll([agent, ...handoffTargets(agent)]));
  return hubs.length === 1 ? hubs[0] : undefined;
}

function pickWorkflow(exports: ModuleExports): PickedExport | null {
  const exportName = workflowNames.find((name) => typeof exports[name] === 'function');
  return exportName ? { kind: 'workflow', exportName, value: exports[exportName] } : null;
}

/** The only object with `run`, or a module that itself exports `run`. */
function pickRunnable(exports: ModuleExports, served: Named<unknown>[]): PickedExport | null {
  const [only, ...others] = served;
  if (only && others.length === 0) return pick(...only);
  const { run } = exports;
  if (typeof run !== 'function' || isClass(run)) return null;
  return { kind: 'runnable', exportName: 'run', value: { run } };
}

/**
 * What a module exports, by name. For CommonJS these are the properties of `module.exports`, which stands itself as
 * `default` where it is the agent or a function.
 */
export function exportsOf(namespace: ModuleExports): ModuleExports {
  const commonJs = namespace['module.exports'];
  if (commonJs === undefined) return { ...namespace };
  if (isAgent(commonJs) || isRunnable(commonJs)) return { default: commonJs };
  const { __esModule, ...exports } = fieldsOf(commonJs);
  return typeof commonJs === 'function' ? { ...exports, default: commonJs } : exports;
}
