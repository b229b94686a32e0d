import type { Place } from '../explain/code-place.ts';
import { builtClass, isAgentBuild } from './agent-builds.ts';
import { freeNames, ownNames } from './scopes.ts';
import {
  bareExpression,
  identifierName,
  isFunction,
  nodeOf,
  nodesOf,
  patternNames,
  type SyntaxNode,
  walk,
} from './syntax.ts';

/** An agent built inside a function or block, and what of it it is made of. */
export type InnerAgent = Place & {
  readonly name: string;
  /** `Agent`, `SandboxAgent`. */
  readonly className: string;
  /** Name of the function; null for one without a name, and for a block of the top level. */
  readonly functionName: string | null;
  readonly isInFunction: boolean;
  /** Variables of the function that it is built from. */
  readonly locals: readonly string[];
  /** Parameters of the function that it is built from. */
  readonly parameters: readonly string[];
};

/** All agents that are given a name below the top level, in order. */
export function innerAgents(
  program: SyntaxNode,
  placeOf: (node: SyntaxNode) => Place,
): InnerAgent[] {
  const found: InnerAgent[] = [];
  walk(program, (node, above) => {
    const name = node.type === 'VariableDeclarator' ? identifierName(node.id) : null;
    const declaration = above.at(-1);
    if (name === null || !declaration || !isAgentBuild(node.init)) return;
    if (!above.some(({ type }) => isBody(type))) return;
    const className = builtClass(node.init) ?? 'Agent';
    found.push({ ...placeOf(declaration), name, className, ...surroundings(node, above) });
  });
  return found;
}

/** A function of the top level that returns an agent it builds. */
export type ReturnedAgent = Place & {
  readonly className: string;
  readonly functionName: string;
  /** False where it is returned as it is built. */
  readonly isNamed: boolean;
  /** Parameters without a default value. */
  readonly needs: readonly string[];
};

/** All functions that return an agent as they build it, or under the name it has inside, in order. */
export function returnedAgents(
  program: SyntaxNode,
  placeOf: (node: SyntaxNode) => Place,
): ReturnedAgent[] {
  const found: ReturnedAgent[] = [];
  walk(program, (node, above) => {
    const isReturn = node.type === 'ReturnStatement' && builtBy(node.argument, above) !== null;
    const isBare = node.type === 'ArrowFunctionExpression' && isAgentBuild(node.body);
    if (!isReturn && !isBare) return;
    const around = isBare ? [...above, node] : above;
    const [callable, ...others] = around.filter(isFunction);
    const name = functionName(around);
    if (!callable || others.length > 0 || name === null) return;
    const built = isBare ? node.body : builtBy(node.argument, above);
    const needs = nodesOf(callable.params).flatMap((each) =>
      each.type === 'AssignmentPattern' || each.optional === true ? [] : patternNames(each),
    );
    const className = builtClass(built) ?? 'Agent';
    const isNamed = isReturn && built !== node.argument;
    found.push({ ...placeOf(node), className, functionName: name, isNamed, needs });
  });
  return found;
}

/** The expression that builds an agent: what is returned itself, or what the name that is returned is given in there. */
function builtBy(returned: unknown, above: readonly SyntaxNode[]): unknown {
  if (isAgentBuild(returned)) return returned;
  const name = identifierName(bareExpression(returned));
  const callable = above.findLast(isFunction);
  let built: unknown = null;
  if (name === null || !callable) return null;
  walk(callable, (node) => {
    const isIt = node.type === 'VariableDeclarator' && identifierName(node.id) === name;
    if (isIt && isAgentBuild(node.init)) built = node.init;
  });
  return built;
}

function isBody(type: string): boolean {
  return type === 'BlockStatement' || type === 'FunctionBody';
}

function surroundings(node: SyntaxNode, above: readonly SyntaxNode[]) {
  const init = nodeOf(node.init);
  const needed = init ? freeNames(init) : [];
  const functions = above.filter(isFunction).map(ownNames);
  const isOf = (part: 'parameters' | 'locals') => (name: string) =>
    functions.some((each) => each[part].includes(name));
  return {
    functionName: functionName(above),
    isInFunction: functions.length > 0,
    locals: needed.filter(isOf('locals')),
    parameters: needed.filter(isOf('parameters')),
  };
}

/** Of the nearest function around that has one: its own, or that of the variable it is given to. */
function functionName(above: readonly SyntaxNode[]): string | null {
  const names = above.map((node, index) =>
    isFunction(node) ? (identifierName(node.id) ?? identifierName(above[index - 1]?.id)) : null,
  );
  return names.findLast((name) => name !== null) ?? null;
}
