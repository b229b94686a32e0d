import type { Place } from '../explain/code-place.ts';
import { isAgentBuild } from './agent-builds.ts';
import { ownNames } from './scopes.ts';
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

/** A place where the file itself runs an agent: `run(triage, …)`, `runner.run(triage, …)`. */
export type RunCall = Place & {
  /** Name of what is run; null where it is built in the call. */
  readonly name: string | null;
  /** True where the name is one of the top level, not one of a function around the call. */
  readonly isTopLevel: boolean;
  /** How many functions are around the call: what `main()` runs itself comes before what its helpers run. */
  readonly depth: number;
  /** True where the call gives a run context of its own. */
  readonly givesContext: boolean;
};

/**
 * What the file runs: by itself, and inside of the functions that it gives to tools, guardrails and the like, of which
 * only the names matter.
 */
export function readRuns(
  program: SyntaxNode,
  placeOf: (node: SyntaxNode) => Place,
): { own: RunCall[]; inHelpers: string[] } {
  const isRun = runNames(program);
  let handed: ReadonlySet<string> | null = null;
  const own: RunCall[] = [];
  const inHelpers: string[] = [];
  walk(program, (node, above) => {
    const target = isRun(node) ? bareExpression(nodesOf(node.arguments)[0]) : null;
    if (!target) return;
    const name = identifierName(target);
    if (name === null && !isAgentBuild(target)) return;
    handed ??= handedFunctions(program);
    const names = handed;
    const isHelper = above.some((each, index) => isHanded(each, above[index - 1], names));
    if (isHelper && name !== null) inHelpers.push(name);
    if (isHelper) return;
    const isTopLevel = name !== null && !above.some((each) => declares(each, name));
    const depth = above.filter(isFunction).length;
    own.push({ ...placeOf(node), name, isTopLevel, depth, givesContext: givesContext(node) });
  });
  return { own, inHelpers };
}

/** Names of agents of which the file makes tools: `spanish.asTool(…)`. */
export function usedAsTool(program: SyntaxNode): string[] {
  const names: string[] = [];
  walk(program, (node) => {
    const callee = node.type === 'CallExpression' ? nodeOf(node.callee) : null;
    if (callee?.type !== 'MemberExpression' || keyName(callee) !== 'asTool') return;
    const name = identifierName(callee.object);
    if (name !== null) names.push(name);
  });
  return names;
}

/** Tells calls of the SDK's `run`, under whatever name it was imported, and of any method `run`. */
function runNames(program: SyntaxNode): (node: SyntaxNode) => boolean {
  const names = new Set(['run']);
  for (const statement of nodesOf(program.body)) {
    if (!/^@openai\/agents/.test(String(nodeOf(statement.source)?.value))) continue;
    for (const { imported, local } of nodesOf(statement.specifiers)) {
      if (identifierName(imported) === 'run') names.add(identifierName(local) ?? 'run');
    }
  }
  return (node) => {
    const callee = node.type === 'CallExpression' ? nodeOf(node.callee) : null;
    if (!callee) return false;
    if (callee.type === 'MemberExpression') return keyName(callee) === 'run';
    return names.has(identifierName(callee) ?? '');
  };
}

/** Properties whose functions are called in a run of some agent. */
const calledInRuns = new Set([
  'customOutputExtractor',
  'execute',
  'inputFilter',
  'instructions',
  'isEnabled',
  'needsApproval',
  'onHandoff',
  'run',
]);

/** Names of functions that such a property is given by name, and of those that are called in there. */
export function handedFunctions(program: SyntaxNode): Set<string> {
  const names = new Set<string>();
  for (let before = -1; before < names.size; ) {
    before = names.size;
    walk(program, (node, above) => {
      const isInside = (): boolean =>
        above.some((each, index) => isHanded(each, above[index - 1], names));
      const handed = isCalledInRuns(node) ? identifierName(node.value) : null;
      const called = node.type === 'CallExpression' ? identifierName(node.callee) : null;
      if (handed !== null) names.add(handed);
      if (called !== null && !names.has(called) && isInside()) names.add(called);
    });
  }
  return names;
}

function isCalledInRuns(node: SyntaxNode): boolean {
  return node.type === 'Property' && calledInRuns.has(keyName(node) ?? '');
}

/** True for a function that an agent, or the SDK, calls in a run; `names` are those that are given to it by name. */
export function isHanded(
  node: SyntaxNode,
  parent: SyntaxNode | undefined,
  handed: ReadonlySet<string>,
): boolean {
  if (!isFunction(node) || !parent) return false;
  const named = identifierName(node.id) ?? identifierName(parent.id);
  return isCalledInRuns(parent) || (named !== null && handed.has(named));
}

/** True for a function that has a variable or parameter of that name. */
function declares(node: SyntaxNode, name: string): boolean {
  if (!isFunction(node)) return false;
  const { parameters, locals } = ownNames(node);
  return parameters.includes(name) || locals.includes(name);
}

function givesContext(call: SyntaxNode): boolean {
  const options = bareExpression(nodesOf(call.arguments)[2]);
  return (
    options?.type === 'ObjectExpression' &&
    nodesOf(options.properties).some((each) => keyName(each) === 'context')
  );
}
