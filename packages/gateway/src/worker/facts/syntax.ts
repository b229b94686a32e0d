import { parseSync } from 'oxc-parser';

/** A node of the syntax tree (ESTree, with TypeScript's own kinds); its fields depend on `type`. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
} & { readonly [field: string]: unknown };

/** The syntax tree of a file of the author's; null where it does not parse: whoever runs it says so. */
export function parseSource(path: string, text: string): SyntaxNode | null {
  // An ending that no language has would be read as none.
  const name = /\.[cm]?[jt]sx?$/.test(path) ? path : `${path}.ts`;
  const lang = /\.[cm]?js$/.test(name) ? { lang: 'jsx' as const } : {};
  const { program, errors } = parseSync(name, text, { ...lang, preserveParens: false });
  return errors.some(({ severity }) => severity === 'Error') ? null : nodeOf(program);
}

/** The value where it is a node, null otherwise. */
export function nodeOf(value: unknown): SyntaxNode | null {
  return typeof value === 'object' && value !== null && 'type' in value
    ? (value as SyntaxNode)
    : null;
}

/** The nodes of a list; holes and what is no list count for nothing. */
export function nodesOf(value: unknown): SyntaxNode[] {
  return Array.isArray(value) ? value.flatMap((entry) => nodeOf(entry) ?? []) : [];
}

/** Nodes directly below a node, in the order of the text. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  // By name, not over copies: this is what reading a file costs.
  for (const field in node) {
    const value = node[field];
    if (typeof value !== 'object' || value === null) continue;
    if (nodeOf(value)) children.push(value as SyntaxNode);
    else if (Array.isArray(value))
      for (const each of value) if (nodeOf(each)) children.push(each as SyntaxNode);
  }
  return children;
}

/** Calls `visit` for each node, parents first; `above` are its ancestors, the nearest last. */
export function walk(
  root: SyntaxNode,
  visit: (node: SyntaxNode, above: readonly SyntaxNode[]) => void,
): void {
  const above: SyntaxNode[] = [];
  // Null where the last one above is left. No calls within calls: a chain of a thousand additions is a thousand deep.
  const waiting: (SyntaxNode | null)[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (node === null) {
      above.pop();
      continue;
    }
    visit(node, above);
    above.push(node);
    waiting.push(null);
    for (const child of childrenOf(node).reverse()) waiting.push(child);
  }
}

/** An expression without what TypeScript and `await` put around it. */
export function bareExpression(value: unknown): SyntaxNode | null {
  const node = nodeOf(value);
  if (!node) return null;
  if (node.type === 'AwaitExpression') return bareExpression(node.argument);
  return wrappers.has(node.type) ? bareExpression(node.expression) : node;
}

const wrappers = new Set([
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSNonNullExpression',
  'TSTypeAssertion',
]);

/** The name of an identifier, null for any other node. */
export function identifierName(value: unknown): string | null {
  const node = nodeOf(value);
  return node?.type === 'Identifier' ? String(node.name) : null;
}

/** The plain name of a property, method or member; null where it is computed. */
export function keyName(node: SyntaxNode): string | null {
  if (node.computed === true) return null;
  const key = nodeOf(node.key ?? node.property);
  return key?.type === 'Literal' ? String(key.value) : identifierName(key);
}

/** True for any kind of function. */
export function isFunction(node: SyntaxNode): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

/** Names that a pattern (`a`, `{ a, b: [c] }`, `...d`, `e = 1`) binds. */
export function patternNames(value: unknown): string[] {
  const node = nodeOf(value);
  switch (node?.type) {
    case 'Identifier':
      return [String(node.name)];
    case 'ObjectPattern':
      return nodesOf(node.properties).flatMap((each) => patternNames(each.value ?? each.argument));
    case 'ArrayPattern':
      return nodesOf(node.elements).flatMap(patternNames);
    case 'AssignmentPattern':
      return patternNames(node.left);
    case 'RestElement':
      return patternNames(node.argument);
    case 'TSParameterProperty':
      return patternNames(node.parameter);
    default:
      return [];
  }
}
