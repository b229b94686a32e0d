import { readBy } from './scopes.ts';
import { identifierName, nodesOf, patternNames, type SyntaxNode, walk } from './syntax.ts';

/**
 * Names that a file reads and that it declares nowhere, with where each is read first. One that any of its scopes declares
 * is left out, and so is what it says that something else gives (`declare const`).
 */
export function undeclaredNames(program: SyntaxNode): Map<string, SyntaxNode> {
  const reads = new Map<string, SyntaxNode>();
  const waiting = [program];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const name = identifierName(node);
    if (name !== null && !reads.has(name)) reads.set(name, node);
    for (const child of readBy(node).reverse()) waiting.push(child);
  }
  if (reads.size === 0) return reads;
  walk(program, (node) => {
    for (const name of boundBy(node)) reads.delete(name);
  });
  return reads;
}

/** Names that a node itself declares, in whatever scope. */
function boundBy(node: SyntaxNode): string[] {
  const { id, params, param, local } = node;
  const pattern = node.type === 'CatchClause' ? param : (id ?? local);
  return [...patternNames(pattern), ...nodesOf(params).flatMap(patternNames)];
}
