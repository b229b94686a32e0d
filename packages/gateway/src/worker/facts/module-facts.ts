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
import { undeclaredNames } from './undeclared-names.ts';
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
  /** Names that it reads and nothing declares, imports or has by itself, with where each is read first. */
  readonly undeclared: readonly (Place & { readonly name: string })[];
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
  undeclared: [],
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
  const tools = once(() => (/\.asTool\b/.test(text) ? usedAsTool(program) : []));
  const { declaration } =
    statements.find(({ type }) => type === 'ExportDefaultDeclaration') ?? program;
  const known = {
    declared,
    imported,
    hasDefault: statements.some(isDefaultExport),
    defaultName: identifierName(declaration),
    isCommonJs: /\b(exports|require)\b/.test(text) && !statements.some(isModuleSyntax),
  };
  return withRest(known, {
    places: () => Object.fromEntries(statements.flatMap((each) => declarations(each, placeOf))),
    runs: () => calls().own,
    helpers: () => [...new Set([...tools(), ...calls().inHelpers])],
    inner: () => innerAgents(program, placeOf),
    returned: () => returnedAgents(program, placeOf),
    workflows: () => (/workflow/i.test(text) ? readWorkflows(statements) : []),
    context: () =>
      /\bcontext\b|Agent</.test(text) ? readContextUse(program, placeOf) : noContextUse,
    undeclared: () =>
      [...undeclaredNames(program)].flatMap(([name, node]) =>
        isGivenToAll(name) ? [] : { name, ...placeOf(node) },
      ),
    script: () =>
      readScript(program, { text, placeOf, runs: () => calls().own.map(({ line }) => line) }),
  });
}

type Known = Pick<
  ModuleFacts,
  'declared' | 'imported' | 'hasDefault' | 'defaultName' | 'isCommonJs'
>;
type Rest = Omit<ModuleFacts, keyof Known>;

/** Each is read when it is asked for: most files need only a few, and their load waits for it. */
function withRest(
  known: Known,
  readers: { readonly [Name in keyof Rest]: () => Rest[Name] },
): ModuleFacts {
  const getters = Object.entries<() => object>(readers).map(([name, read]) => [
    name,
    { get: once(read), enumerable: true },
  ]);
  return Object.defineProperties(known, Object.fromEntries(getters)) as ModuleFacts;
}

/** Globals, and what functions and files of CommonJS have by themselves. */
function isGivenToAll(name: string): boolean {
  return (
    name in globalThis || /^(arguments|require|module|exports|__dirname|__filename)$/.test(name)
  );
}

function once<T extends object>(make: () => T): () => T {
  let made: T | null = null;
  return () => (made ??= make());
}

/** Line and column of an offset. */
export type PlaceOf = (node: { readonly start: number }) => Place;

function placesIn(text: string): PlaceOf {
  let starts: readonly number[] | null = null;
  return ({ start }) => {
    starts ??= lineStarts(text);
    let line = 1;
    for (let past = starts.length; past - line > 0; ) {
      const middle = Math.ceil((line + past) / 2);
      if ((starts[middle - 1] ?? 0) <= start) line = middle;
      else past = middle - 1;
    }
    return { line, column: start - (starts[line - 1] ?? 0) + 1 };
  };
}

/** Where the lines of a text begin. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
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
