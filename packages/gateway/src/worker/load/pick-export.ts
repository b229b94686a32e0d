import { fieldThatIsNoList, isAgent, isClass, isRunnable } from '../agent-shape.ts';
import { withoutHand } from '../facts/bindings.ts';
import { noFacts } from '../facts/module-facts.ts';
import { isWorkflowName } from '../facts/workflows.ts';
import { fieldsOf } from '../sdk.ts';
import {
  chooseAgent,
  distinctAgents,
  type Named,
  type Reason,
  rootOf,
  type TopLevel,
  withoutHelpers,
} from './choose-agent.ts';
import { asPicked, pickWorkflow, type WorkflowInNeed } from './pick-workflow.ts';

/** What a module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>;

/** What is served. `value` is the agent, the workflow function or the object with `run`. */
export type PickedExport = {
  readonly kind: 'agent' | 'workflow' | 'runnable' | 'tool';
  /** Its name in the module, where it may not be exported. */
  readonly exportName: string;
  readonly value: unknown;
  /** Why it was taken, where nothing in the file names it as the one to serve. */
  readonly reason?: Reason;
};

/** Why no export could be picked. */
export type NoPick =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'several';
      /** The likeliest first. */
      readonly exportNames: readonly string[];
      /** Line where the file starts the first of them. */
      readonly startedLine: number | null;
      readonly areExported: boolean;
    }
  /** `__gateway__.agent` names what is not there, or nothing that can be served. */
  | { readonly kind: 'asked_missing'; readonly asked: string }
  | WorkflowInNeed
  /** A factory was called and gave nothing that can be served. */
  | { readonly kind: 'empty_factory'; readonly exportName: string; readonly result: unknown }
  /** A factory that takes arguments was called with none and choked on that. */
  | { readonly kind: 'hungry_factory'; readonly exportName: string; readonly thrown: TypeError };

/** What is asked for: by `__gateway__.agent`, by the list of export names, by the folder. */
export type AskedNames = {
  readonly asked?: string | undefined;
  readonly exportNames: readonly string[];
  readonly folderName: string;
};

/**
 * Picks what is served, first match wins: the name in `__gateway__.agent` → a name in `exportNames` → a workflow of Agent
 * Builder → the export named like the folder → the only agent that is exported → the root of the graph among several →
 * an object with `run` → what the file itself starts, or the root, of what it does not export. Calls a factory once.
 * Throws what it throws.
 */
export async function pickExport(
  exports: ModuleExports,
  names: AskedNames,
  topLevel: TopLevel = { values: {}, facts: noFacts },
): Promise<PickedExport | NoPick> {
  if (names.asked !== undefined) {
    const all = { ...topLevel.values, ...exports };
    const picked = await pickNamed(all, names.asked, topLevel);
    return picked ?? { kind: 'asked_missing', asked: names.asked };
  }
  for (const exportName of names.exportNames) {
    const picked = await pickNamed(exports, exportName, topLevel);
    if (picked) return picked;
  }
  const workflow = pickWorkflow(exports, topLevel);
  if (workflow && 'value' in workflow) return workflow;
  const served = Object.entries(exports).filter(([, value]) => isAgent(value) || isRunnable(value));
  const picked = pickExported(served, names.folderName, topLevel);
  if (picked && 'value' in picked) return picked;
  return workflow ?? picked ?? pickRunnable(exports, served) ?? pickHidden(topLevel);
}

function pickExported(
  served: readonly Named<unknown>[],
  folderName: string,
  topLevel: TopLevel,
): PickedExport | NoPick | null {
  const namedLikeFolder = served.find(([name]) => isNamedLike(name, folderName));
  if (namedLikeFolder) return pick(...namedLikeFolder);
  const agents = distinctAgents(served);
  const [only] = agents;
  if (!only) return null;
  const root = agents.length === 1 ? only : rootOf(withoutHelpers(agents, topLevel));
  return root ? pick(...root) : pickChosen(agents, topLevel, true);
}

/** Among agents that nothing exports. */
function pickHidden(topLevel: TopLevel): PickedExport | NoPick {
  const { declared } = topLevel.facts;
  const values = declared.map((name): Named<unknown> => [name, topLevel.values[name]]);
  return pickChosen(distinctAgents(values), topLevel, false);
}

function pickChosen(
  agents: ReturnType<typeof distinctAgents>,
  topLevel: TopLevel,
  areExported: boolean,
): PickedExport | NoPick {
  const choice = chooseAgent(agents, topLevel);
  if (choice && 'agent' in choice) return { ...pick(...choice.agent), reason: choice.reason };
  if (!choice && !areExported) return { kind: 'none' };
  const { several = agents.map(([name]) => name), startedLine = null } = choice ?? {};
  return { kind: 'several', exportNames: several, startedLine, areExported };
}

async function pickNamed(
  exports: ModuleExports,
  exportName: string,
  topLevel: TopLevel,
): Promise<PickedExport | NoPick | null> {
  // A module may export the promise of an agent; it is as good as the agent.
  const value = await exports[exportName];
  if (isAgent(value) || isRunnable(value)) return pick(exportName, value);
  if (fieldThatIsNoList(value) !== null) return { kind: 'none' };
  if (typeof value !== 'function' || isClass(value)) return null;
  if (isWorkflowName(value.name)) return asPicked(exportName, value, topLevel);
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

/** The only object with `run`, or a module that itself exports `run`. */
function pickRunnable(
  exports: ModuleExports,
  served: readonly Named<unknown>[],
): PickedExport | null {
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
  if (commonJs === undefined) return withoutHand(namespace);
  if (isAgent(commonJs) || isRunnable(commonJs)) return { default: commonJs };
  const { __esModule, ...exports } = fieldsOf(commonJs);
  return typeof commonJs === 'function' ? { ...exports, default: commonJs } : exports;
}
