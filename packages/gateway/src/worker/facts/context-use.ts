import type { Place } from '../explain/code-place.ts';
import { handedFunctions, isHanded } from './run-calls.ts';
import {
  bareExpression,
  identifierName,
  isFunction,
  keyName,
  nodeOf,
  nodesOf,
  patternNames,
  type SyntaxNode,
  walk,
} from './syntax.ts';

/** What a file expects of the context of its runs. */
export type ContextUse = {
  /** `UserInfo` of the first `new Agent<UserInfo>(…)`; null where no agent names a type. */
  readonly typeName: string | null;
  /** What instructions, tools and the like read of it, in order. */
  readonly reads: readonly (Place & { readonly name: string })[];
};

/** Of a file that expects nothing. */
export const noContextUse: ContextUse = { typeName: null, reads: [] };

/** Reads what a file expects of the context of its runs. */
export function readContextUse(
  program: SyntaxNode,
  placeOf: (node: SyntaxNode) => Place,
): ContextUse {
  const handed = handedFunctions(program);
  const reads: (Place & { name: string })[] = [];
  let typeName: string | null = null;
  walk(program, (node, above) => {
    typeName ??= typeOfAgent(node);
    const name = node.type === 'MemberExpression' ? keyName(node) : null;
    if (name === null || isWrittenOrDefaulted(node, above)) return;
    const around = above.filter((each, index) => isHanded(each, above[index - 1], handed));
    if (around.some((callable) => isContextOf(callable, node.object))) {
      reads.push({ ...placeOf(node), name });
    }
  });
  return { typeName, reads };
}

function typeOfAgent(node: SyntaxNode): string | null {
  const callee = node.type === 'NewExpression' ? bareExpression(node.callee) : null;
  const name = callee ? (identifierName(callee) ?? keyName(callee)) : null;
  if (name === null || !/Agent$/.test(name)) return null;
  const [first] = nodesOf(nodeOf(node.typeArguments)?.params);
  return first?.type === 'TSTypeReference' ? identifierName(first.typeName) : null;
}

/** True for `given.context`, where the function has a parameter `given`, and for `context` of a parameter `{ context }`. */
function isContextOf(callable: SyntaxNode, value: unknown): boolean {
  if (!isFunction(callable)) return false;
  const node = bareExpression(value);
  const parameters = nodesOf(callable.params);
  if (node?.type === 'MemberExpression') {
    const holder = identifierName(bareExpression(node.object));
    const isOwn = holder !== null && parameters.flatMap(patternNames).includes(holder);
    return isOwn && keyName(node) === 'context';
  }
  const apart = parameters.filter(({ type }) => type === 'ObjectPattern').flatMap(patternNames);
  return identifierName(node) === 'context' && apart.includes('context');
}

function isWrittenOrDefaulted(node: SyntaxNode, above: readonly SyntaxNode[]): boolean {
  const chain = above.at(-1)?.type === 'ChainExpression' ? above.at(-1) : node;
  const parent = above.at(chain === node ? -1 : -2);
  const isDefaulted =
    parent?.type === 'LogicalExpression' && (parent.left === chain || parent.operator !== '&&');
  const isWritten = parent?.type === 'AssignmentExpression' && parent.left === node;
  return isDefaulted || isWritten;
}
