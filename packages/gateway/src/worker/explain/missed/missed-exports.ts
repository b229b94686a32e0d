import { basename } from 'node:path';
import { hasRun, isAgent, isClass, isRealtimeAgent, isRunnable } from '../../agent-shape.ts';
import { shownRun, textParameter } from '../../message-taker.ts';
import { fieldsOf } from '../../sdk.ts';
import { placeOf } from '../code-place.ts';
import type { FailureContext } from '../failure-context.ts';
import { findRealtimeText, realtimeHint } from '../realtime-text.ts';
import { findUnofficialImport, unofficialHint } from '../unofficial-sdk.ts';
import { findHeldAgents } from './held-agents.ts';
import {
  findCallableAgent,
  findInnerAgent,
  findReturnedAgent,
  findStartedInside,
} from './inner-agent.ts';
import { findMadeElsewhere } from './made-elsewhere.ts';
import { findMalformedAgent } from './malformed-agent.ts';
import { declarationOf, type MissedExport, type Source, shown } from './missed-export.ts';
import { findBuildingClass, findClass } from './unmade-class.ts';

/** The nearest of all that comes near an agent; `no_agent` where nothing does. */
export function findMissedExport({ exports, topLevel, context }: Missing): MissedExport {
  const source: Source = {
    exports,
    topLevel,
    text: context.sources.peek(context.load.entry),
    file: basename(context.load.entry),
    exportNames: context.load.exportNames,
  };
  for (const find of finders) {
    const missed = find(source);
    if (missed) return missed;
  }
  return {
    code: 'no_agent',
    message: 'It exports no agent.',
    place: null,
    hint: 'Export one: `export const agent = new Agent({ name, instructions });`.',
  };
}

/** A module without anything to serve. */
export type Missing = Pick<Source, 'exports' | 'topLevel'> & { readonly context: FailureContext };

/** The surest first. */
const finders: readonly ((source: Source) => MissedExport | null)[] = [
  findRealtimeAgent,
  findMalformedAgent,
  findUnofficialPackage,
  findUnexportedWorkflow,
  findStartedInside,
  findOtherRun,
  findHeldAgents,
  findInstance,
  findClass,
  findFactoryWithArguments,
  findWrongKind,
  findMisnamedFactory,
  findCallableAgent,
  findInnerAgent,
  findReturnedAgent,
  findBuildingClass,
  findMadeElsewhere,
];

function findRealtimeAgent({ exports, topLevel, text }: Source): MissedExport | null {
  const all = { ...topLevel.values, ...exports };
  const name = Object.keys(all).find((key) => isRealtimeAgent(all[key]));
  if (!name) return findRealtimeText(text);
  return {
    code: 'realtime_agent',
    message: `\`${name}\` is a RealtimeAgent, which speaks over a voice session only.`,
    place: placeOf(text, declarationOf(name)),
    hint: realtimeHint,
  };
}

function findUnofficialPackage({ text }: Source): MissedExport | null {
  const unofficial = findUnofficialImport(text);
  if (!unofficial) return null;
  return {
    code: 'unofficial_package',
    message: `It imports \`${unofficial.name}\`, which is not OpenAI's Agents SDK.`,
    place: placeOf(text, unofficial.pattern),
    hint: unofficialHint,
  };
}

function findUnexportedWorkflow({ text }: Source): MissedExport | null {
  const built = /^(?:const|let|async function|function)\s+(runWorkflow|run_workflow)\b/m;
  const name = built.exec(text)?.[1];
  if (!name) return null;
  return {
    code: 'agent_not_exported',
    message: `\`${name}\` is there but not exported.`,
    place: placeOf(text, built),
    hint: `Put \`export\` before \`${name}\`.`,
  };
}

/** Something with a `run` that takes no messages: a server, a parser of arguments. */
function findOtherRun({ exports, text }: Source): MissedExport | null {
  const name = Object.keys(exports).find(
    (key) => hasRun(exports[key]) && !isRunnable(exports[key]),
  );
  if (name === undefined) return null;
  return {
    code: 'run_takes_no_messages',
    message: `${shown(name)} has a \`run\`, but none that takes messages: \`${shownRun(exports[name])}\`.`,
    place: placeOf(text, declarationOf(name)),
    hint: runHint(textParameter(exports[name])),
  };
}

function runHint(parameter: string | null): string {
  return parameter === null
    ? 'Export an `Agent`, or an object whose `run({ messages, signal, context })` returns the answer.'
    : `Write \`run({ messages })\`, and take the text of it: \`const ${parameter} = messages.at(-1)?.content;\`.`;
}

/** An object of a class of the file's own that cannot be served; its class is not what is wrong. */
function findInstance({ exports, topLevel, text }: Source): MissedExport | null {
  const classes = topLevel.facts.declared.map((name) => topLevel.values[name]).filter(isClass);
  const classOf = (name: string) => {
    const value = exports[name];
    const maker = typeof value === 'object' ? fieldsOf(value).constructor : null;
    return typeof maker === 'function' && classes.includes(maker) ? maker.name : null;
  };
  const name = Object.keys(exports).find((key) => classOf(key) !== null);
  if (name === undefined) return null;
  return {
    code: 'wrong_export_kind',
    message: `${shown(name)} is an instance of \`${classOf(name)}\`, which is no agent and has no \`run\`.`,
    place: placeOf(text, declarationOf(name)),
    hint: `Give \`${classOf(name)}\` a method \`run({ messages })\` that returns the answer, or export an \`Agent\`.`,
  };
}

/** A function that would be called if it could be called with nothing. */
function findFactoryWithArguments({ exports, text, exportNames }: Source): MissedExport | null {
  const isFactory = (name: string) => exportNames.includes(name) || factoryName.test(name);
  const name = Object.keys(exports).find(
    (key) => isFactory(key) && argumentCount(exports[key]) > 0,
  );
  if (!name) return null;
  return {
    code: 'factory_needs_arguments',
    message: `${shown(name)} is a function that takes arguments, and a factory is called with none.`,
    place: placeOf(text, declarationOf(name)),
    hint: factoryHint(name),
  };
}

/** How a factory that wants arguments can be served. */
export function factoryHint(exportName: string): string {
  const call = exportName === 'default' ? 'buildAgent' : exportName;
  return exportName === 'agent'
    ? 'Call it, and export what it returns as `agent`.'
    : `Give its parameters default values, or export what it returns: \`export const agent = ${call}(…);\`.`;
}

function findWrongKind({ exports, text, exportNames }: Source): MissedExport | null {
  const name = exportNames.find((key) => Object.hasOwn(exports, key));
  if (name === undefined) return null;
  const value = exports[name];
  return {
    code: 'wrong_export_kind',
    message: `${shown(name)} is ${kindOf(value)}, not an agent.`,
    place: placeOf(text, declarationOf(name)),
    hint: wrongKindHint(value),
  };
}

function wrongKindHint(value: unknown): string {
  const fields = fieldsOf(value);
  const held = Object.keys(fields).find((key) => isAgent(fields[key]));
  if (held) return `Export the agent itself, which is its \`${held}\`.`;
  if (typeof fields.instructions === 'string') {
    return 'Make an agent of it: `export const agent = new Agent({ … });`.';
  }
  if (typeof value === 'function') return 'Call it `buildAgent` if it returns an agent.';
  return 'Export the agent: `export const agent = new Agent({ name, instructions });`.';
}

const factoryName = /^(build|make|create|get|new|init|setup|load)_?\w*agent$/i;

function findMisnamedFactory({ exports, text }: Source): MissedExport | null {
  const isFactory = (key: string) => factoryName.test(key) && argumentCount(exports[key]) === 0;
  const name = Object.keys(exports).find(isFactory);
  if (!name) return null;
  return {
    code: 'factory_misnamed',
    message: `\`${name}\` may return an agent, but only a factory called \`buildAgent\` or \`build_agent\` is called.`,
    place: placeOf(text, declarationOf(name)),
    hint: `Rename it to \`buildAgent\`, or add \`export const agent = ${name}();\`.`,
  };
}

/** Parameters without a default; -1 for what is no function to call. */
function argumentCount(value: unknown): number {
  return typeof value === 'function' && !isClass(value) ? value.length : -1;
}

/** What an export is, as a reader would say it: `an agent`, `a Runner`, `a string`. */
export function kindOf(value: unknown): string {
  if (isAgent(value)) return 'an agent';
  if (isRealtimeAgent(value)) return 'a RealtimeAgent';
  if (isClass(value)) return 'a class';
  if (value === null || value === undefined) return String(value);
  if (value instanceof Promise) return 'a promise';
  if (Array.isArray(value)) return 'an array';
  const fields = fieldsOf(value);
  if (fields.constructor?.name === 'Runner') return 'a Runner';
  if (isRunnable(value)) return 'an object with `run`';
  if (fields.type === 'function' && typeof fields.invoke === 'function') return 'a tool';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
