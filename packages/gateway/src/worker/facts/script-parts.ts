import type { Place } from '../explain/code-place.ts';
import { isAgentBuild } from './agent-builds.ts';
import { declaredNames, freeNames } from './scopes.ts';
import {
  bareExpression,
  identifierName,
  isFunction,
  keyName,
  nodeOf,
  nodesOf,
  type SyntaxNode,
  walk,
} from './syntax.ts';

/** What a file does as a script, beside building its agent. Lines count from 1. */
export type ScriptParts = {
  /** True where `__gateway__`, as it is written, permits model calls while the file is loaded. */
  readonly permitsCalls: boolean;
  readonly isInFunction: (place: Place) => boolean;
  /** True where the file runs agents, and calls a function of its own at its top level. */
  readonly startsRuns: boolean;
  /** True for a place in a function that the file calls at its top level, but in none that is inside of it. */
  readonly isInStarted: (place: Place) => boolean;
  /** True where the statement of the top level at that line calls a function of the file's own, or runs an agent. */
  readonly isCall: (line: number) => boolean;
  /**
   * Where the import waited when it failed: the statement of the top level with an `await` from which on nothing that is
   * declared holds a value yet, as far as `has` tells; null where there is none, or more than one.
   */
  readonly waitedAt: (has: (name: string) => boolean) => Place | null;
  /** True where the statement of the top level at that line has an `await` of its own. */
  readonly isAwait: (line: number) => boolean;
  /** True where neither that statement nor one after it makes anything that an agent needs. */
  readonly isPastAgent: (line: number) => boolean;
};

/** Of a file that says nothing. */
export const noScript: ScriptParts = {
  permitsCalls: false,
  startsRuns: false,
  isInStarted: () => false,
  isInFunction: () => false,
  isCall: () => false,
  isAwait: () => false,
  isPastAgent: () => false,
  waitedAt: () => null,
};

/** What is known of the text beside its tree; `runs` are the lines where it runs agents. */
export type ScriptSource = {
  readonly text: string;
  readonly runs: () => readonly number[];
  readonly placeOf: (node: SyntaxNode) => Place;
};

/** Reads what a file does as a script. */
export function readScript(
  program: SyntaxNode,
  { text, runs, placeOf }: ScriptSource,
): ScriptParts {
  const body = nodesOf(program.body);
  const offsetOf = offsetsIn(text);
  const indexOf = (line: number) => {
    const from = offsetOf({ line, column: 1 });
    const to = offsetOf({ line: line + 1, column: 1 });
    return body.findIndex(({ start, end }) => start < to && end > from);
  };
  return {
    get startsRuns() {
      return runs().length > 0 && body.some((each) => callsOwn(each, body));
    },
    isInStarted(place) {
      const offset = offsetOf(place);
      const called = body.map(startedBy);
      const statement = body.find(({ start, end }) => start <= offset && offset < end);
      const isStarted = statement && declaredNames(statement).some((name) => called.includes(name));
      return isStarted ? functionsAround(offset, statement) === 1 : false;
    },
    get permitsCalls() {
      return body.some(permitsCalls);
    },
    isInFunction(place) {
      const offset = offsetOf(place);
      let isInside = false;
      walk(program, (node) => {
        isInside ||= isFunction(node) && node.start <= offset && offset < node.end;
      });
      return isInside;
    },
    isCall(line) {
      const statement = body[indexOf(line)];
      if (!statement || statement.type === 'ThrowStatement') return false;
      return callsOwn(statement, body) || runs().includes(line);
    },
    isAwait: (line) => body.slice(indexOf(line)).slice(0, 1).some(waits),
    waitedAt(has) {
      const suspects = body.filter((each, index) => {
        const names = body.slice(index).filter(isInitialized).flatMap(declaredNames);
        return waits(each) && !names.some(has);
      });
      // Had one before it gone on, what it declares would hold a value.
      const declaring = suspects.findIndex((each) => isInitialized(each));
      const [suspect, ...others] = suspects.slice(0, declaring === -1 ? undefined : declaring + 1);
      return suspect && others.length === 0 ? placeOf(suspect) : null;
    },
    isPastAgent(line) {
      const index = indexOf(line);
      return index !== -1 && !body.slice(index).some((each) => builds(each, body, index));
    },
  };
}

/** How many functions of a statement are around an offset. */
function functionsAround(offset: number, statement: SyntaxNode): number {
  let count = 0;
  walk(statement, (node) => {
    if (isFunction(node) && node.start <= offset && offset < node.end) count += 1;
  });
  return count;
}

/** Offset of a place; of a line beyond the last, the end. */
function offsetsIn(text: string): (place: Place) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return ({ line, column }) => (starts[line - 1] ?? text.length) + column - 1;
}

/** True for what has no value before its line runs; functions do. */
function isInitialized(statement: SyntaxNode): boolean {
  const { type } = nodeOf(statement.declaration) ?? statement;
  return type === 'VariableDeclaration' || type === 'ClassDeclaration';
}

/** True for a statement with an `await` of the top level. */
function waits(statement: SyntaxNode): boolean {
  let isWaiting = false;
  walk(statement, (node, above) => {
    const isAwait = node.type === 'AwaitExpression' || node.await === true;
    isWaiting ||= isAwait && !isFunction(node) && !above.some(isFunction);
  });
  return isWaiting;
}

function permitsCalls(statement: SyntaxNode): boolean {
  const declaration = nodeOf(statement.declaration) ?? statement;
  const named = nodesOf(declaration.declarations).find(
    ({ id }) => identifierName(id) === '__gateway__',
  );
  const fields = nodesOf(bareExpression(named?.init)?.properties);
  const field = fields.find((each) => /^calls_?at_?load$/i.test(keyName(each) ?? ''));
  return bareExpression(field?.value)?.value === 'allow';
}

/** `main();`, `await main();`, `main().catch(…);`, `const answer = await main();` */
function callsOwn(statement: SyntaxNode, body: readonly SyntaxNode[]): boolean {
  const own = body.flatMap(declaredNames);
  const called = startedBy(statement);
  return called !== null && own.includes(called);
}

function startedBy(statement: SyntaxNode): string | null {
  const [variable] = nodesOf(statement.declarations);
  return calledName(statement.expression ?? variable?.init);
}

function calledName(value: unknown): string | null {
  const node = bareExpression(value);
  if (node?.type === 'UnaryExpression') return calledName(node.argument);
  const callee = node?.type === 'CallExpression' ? bareExpression(node.callee) : null;
  if (callee?.type === 'MemberExpression') return calledName(callee.object);
  return identifierName(callee);
}

const neverBuild = /^(Import|TS|FunctionDeclaration|Empty|ExportAll)/;

/** True for a statement at or behind `from` that makes what an agent needs: itself, its settings, or names it uses. */
function builds(statement: SyntaxNode, body: readonly SyntaxNode[], from: number): boolean {
  const declaration = nodeOf(statement.declaration);
  if (neverBuild.test(statement.type) || (declaration && neverBuild.test(declaration.type))) {
    return false;
  }
  if (declaration && statement.type === 'ExportNamedDeclaration') return true;
  if (declaration && identifierName(declaration) === null) return true;
  let isBuilding = false;
  walk(statement, (node, above) => {
    if (above.some(isFunction)) return;
    isBuilding ||= isAgentBuild(node) || identifierName(node) === '__gateway__';
  });
  return isBuilding || declaredNames(statement).some((name) => isUsedBefore(name, body, from));
}

/** True where what is there before the statement `from`, functions anywhere too, uses the name. */
function isUsedBefore(name: string, body: readonly SyntaxNode[], from: number): boolean {
  const earlier = body.filter(
    (each, index) => index < from || nodeOf(each.declaration ?? each)?.type.startsWith('Function'),
  );
  return earlier.some((each) => freeNames(each).includes(name));
}
