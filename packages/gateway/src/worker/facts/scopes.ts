import {
  childrenOf,
  identifierName,
  isFunction,
  nodeOf,
  nodesOf,
  patternNames,
  type SyntaxNode,
} from './syntax.ts';

/** Names that a statement of any scope declares as values; types are none. */
export function declaredNames(statement: SyntaxNode): string[] {
  if (statement.declare === true) return [];
  switch (statement.type) {
    case 'VariableDeclaration':
      return nodesOf(statement.declarations).flatMap(({ id }) => patternNames(id));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSEnumDeclaration':
      return [identifierName(statement.id)].filter((name) => name !== null);
    case 'ExportNamedDeclaration':
    case 'ExportDefaultDeclaration': {
      const inner = nodeOf(statement.declaration);
      return inner ? declaredNames(inner) : [];
    }
    default:
      return [];
  }
}

/** Names that a function has of its own: `parameters`, and what its body declares outside of functions within it. */
export function ownNames(callable: SyntaxNode): { parameters: string[]; locals: string[] } {
  const parameters = nodesOf(callable.params).flatMap(patternNames);
  const body = nodeOf(callable.body);
  return { parameters, locals: body ? localNames(body) : [] };
}

function localNames(body: SyntaxNode): string[] {
  const names: string[] = [];
  const waiting = [body];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    names.push(...declaredNames(node));
    if (node.type === 'CatchClause') names.push(...patternNames(node.param));
    if (isFunction(node) || node.type === 'ClassDeclaration') continue;
    for (const child of childrenOf(node).reverse()) waiting.push(child);
  }
  return names;
}

/** Names that an expression reads and does not declare itself, each once, in the order of the text. */
export function freeNames(expression: SyntaxNode): string[] {
  const names = new Set<string>();
  const waiting: Read[] = [{ node: expression, bound: new Set() }];
  for (let read = waiting.pop(); read; read = waiting.pop()) {
    const { node, bound } = read;
    const name = identifierName(node);
    if (name !== null && !bound.has(name)) names.add(name);
    const inner = isFunction(node) ? withOwn(bound, node) : bound;
    for (const child of readBy(node).reverse()) waiting.push({ node: child, bound: inner });
  }
  return [...names];
}

/** A node, and the names that functions around it have of their own. */
type Read = { readonly node: SyntaxNode; readonly bound: ReadonlySet<string> };

function withOwn(bound: ReadonlySet<string>, callable: SyntaxNode): ReadonlySet<string> {
  const { parameters, locals } = ownNames(callable);
  return new Set([...bound, ...parameters, ...locals]);
}

function keyOf(node: SyntaxNode): unknown {
  return /^(Property|MethodDefinition|PropertyDefinition|AccessorProperty)$/.test(node.type)
    ? node.key
    : null;
}

/** Children that are read as values: no names of members, no keys, no labels, no types, nothing of other files. */
export function readBy(node: SyntaxNode): SyntaxNode[] {
  if (node.type.startsWith('TS') && node.expression === undefined) return [];
  if (/^(ImportDeclaration|ExportAllDeclaration|TSClassImplements)$/.test(node.type)) return [];
  if (/^(Labeled|Break|Continue)Statement|MetaProperty$/.test(node.type))
    return nodesOf([node.body]);
  if (node.type === 'ExportNamedDeclaration') return nodesOf([node.declaration]);
  const unread =
    node.computed === true ? null : node.type === 'MemberExpression' ? node.property : keyOf(node);
  return childrenOf(node).filter((child) => child !== unread);
}
