import type { Place } from '../explain/code-place.ts';
import { type ContextUse, noContextUse, readContextUse } from './context-use.ts';
import {
  type InnerAgent,
  innerAgents,
  type ReturnedAgent,
  returnedAgents,
} from './inner-agents.ts';
import { type RunCall, readRuns, usedAsTool } from './run-calls.ts';
import { declaredNames } from './scopes.ts';
import { noScript, readScript, type ScriptParts } from './script-parts.ts';
import {
  identifierName,
  nodeOf,
  nodesOf,
  parseSource,
  patternNames,
  type SyntaxNode,
} from './syntax.ts';
import { readWorkflows, type WorkflowSignature } from './workflows.ts';

/** What the text of a module says of its agents, beside what it exports. */
export type ModuleFacts = {
  /** Names of values at the top level, declared here, in order. */
  readonly declared: readonly string[];
  /** Names of values that other files gave it. */
  readonly imported: readonly string[];
  /** Where each name of the top level is declared. */
  readonly places: Readonly<Record<string, Place>>;
  readonly hasDefault: boolean;
  /** The name that stands in `export default name`; null where there is none. */
  readonly defaultName: string | null;
  /** True for a file that requires and exports as CommonJS does. */
  readonly isCommonJs: boolean;
  /** Where the file runs agents itself, outside of tools and guardrails, in order. */
  readonly runs: readonly RunCall[];
  /** Names of agents that others only use: as a tool, or inside of a tool or guardrail. */
  readonly helpers: readonly string[];
  /** Agents built inside of functions and blocks. */
  readonly inner: readonly InnerAgent[];
  /** Functions that return an agent which has no name. */
  readonly returned: readonly ReturnedAgent[];
  /** Functions of the top level that are called as Agent Builder calls its entry. */
  readonly workflows: readonly WorkflowSignature[];
  readonly context: ContextUse;
  readonly script: ScriptParts;
};

/** Of a file that says nothing, or does not parse. */
export const noFacts: ModuleFacts = {
  declared: [],
  imported: [],
  places: {},
  hasDefault: false,
  defaultName: null,
  isCommonJs: false,
  runs: [],
  helpers: [],
  inner: [],
  returned: [],
  workflows: [],
  context: noContextUse,
  script: noScript,
};

/** The text of a module as it is read: its names at once, the rest when it is first asked for. */
export type ModuleText = {
  /** Names of values at the top level, imported ones too. */
  readonly names: readonly string[];
  readonly facts: () => ModuleFacts;
};

/** Reads a module's text. Never throws; a text that does not parse says nothing. */
export function readModuleText(path: string, text: string): ModuleText {
  const program = parseSource(path, text);
  if (!program) return { names: [], facts: () => noFacts };
  const statements = nodesOf(program.body);
  const declared = [...new Set(statements.flatMap(declaredNames))];
  const imported = statements.flatMap(importedNames);
  let facts: ModuleFacts | null = null;
  return {
    names: [...declared, ...imported],
    facts: () => (facts ??= readFacts(program, { text, declared, imported })),
  };
}

function readFacts(
  program: SyntaxNode,
  { text, declared, imported }: { text: string; declared: string[]; imported: string[] },
): ModuleFacts {
  const statements = nodesOf(program.body);
  const placeOf = placesIn(text);
  const calls = once(() => readRuns(program, placeOf));
  const places = once(() =>
    Object.fromEntries(statements.flatMap((each) => declarations(each, placeOf))),
  );
  const tools = once(() => (/\.asTool\b/.test(text) ? usedAsTool(program) : []));
  const helpers = once(() => [...new Set([...tools(), ...calls().inHelpers])]);
  const inner = once(() => innerAgents(program, placeOf));
  const returned = once(() => returnedAgents(program, placeOf));
  const workflows = once(() => (/workflow/i.test(text) ? readWorkflows(statements) : []));
  const context = once(() =>
    /\bcontext\b|Agent</.test(text) ? readContextUse(program, placeOf) : noContextUse,
  );
  const script = once(() =>
    readScript(program, { text, placeOf, runs: () => calls().own.map(({ line }) => line) }),
  );
  // Each is read when it is asked for: most files need only a few, and their load waits for it.
  return {
    declared,
    imported,
    hasDefault: statements.some(isDefaultExport),
    defaultName: identifierName(
      statements.find(({ type }) => type === 'ExportDefaultDeclaration')?.declaration,
    ),
    isCommonJs: /\b(exports|require)\b/.test(text) && !statements.some(isModuleSyntax),
    get places() {
      return places();
    },
    get runs() {
      return calls().own;
    },
    get helpers() {
      return helpers();
    },
    get inner() {
      return inner();
    },
    get returned() {
      return returned();
    },
    get workflows() {
      return workflows();
    },
    get context() {
      return context();
    },
    get script() {
      return script();
    },
  };
}

function once<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}

/** Line and column of an offset. */
export type PlaceOf = (node: { readonly start: number }) => Place;

function placesIn(text: string): PlaceOf {
  return ({ start }) => {
    const before = text.slice(0, start).split('\n');
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  };
}

function importedNames(statement: SyntaxNode): string[] {
  if (statement.type !== 'ImportDeclaration' || statement.importKind === 'type') return [];
  const specifiers = nodesOf(statement.specifiers).filter(
    ({ importKind }) => importKind !== 'type',
  );
  return specifiers.flatMap(({ local }) => patternNames(local));
}

function declarations(statement: SyntaxNode, placeOf: PlaceOf): [string, Place][] {
  const inner = nodeOf(statement.declaration) ?? statement;
  return declaredNames(inner).map((name) => [name, placeOf(statement)]);
}

function isDefaultExport(statement: SyntaxNode): boolean {
  if (statement.type === 'ExportDefaultDeclaration') return true;
  return nodesOf(statement.specifiers).some(
    ({ exported }) => identifierName(exported) === 'default',
  );
}

function isModuleSyntax({ type }: SyntaxNode): boolean {
  return /^(Import|Export)/.test(type);
}
