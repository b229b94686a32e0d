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

function localNames(node: SyntaxNode): string[] {
  const own = declaredNames(node);
  const caught = node.type === 'CatchClause' ? patternNames(node.param) : [];
  const below = isFunction(node) || node.type === 'ClassDeclaration' ? [] : childrenOf(node);
  return [...own, ...caught, ...below.flatMap(localNames)];
}

/** Names that an expression reads and does not declare itself, each once, in the order of the text. */
export function freeNames(expression: SyntaxNode): string[] {
  const names = new Set<string>();
  const enter = (node: SyntaxNode, bound: ReadonlySet<string>): void => {
    const name = identifierName(node);
    if (name !== null && !bound.has(name)) names.add(name);
    const own = isFunction(node) ? ownNames(node) : { parameters: [], locals: [] };
    const inner = new Set([...bound, ...own.parameters, ...own.locals]);
    readBy(node).forEach((child) => {
      enter(child, inner);
    });
  };
  enter(expression, new Set());
  return [...names];
}

/** Children that are read as values: no names of members, no keys, no types. */
function readBy(node: SyntaxNode): SyntaxNode[] {
  if (node.type.startsWith('TS') && node.expression === undefined) return [];
  const unread =
    node.type === 'MemberExpression' && node.computed !== true
      ? node.property
      : node.type === 'Property' && node.computed !== true
        ? node.key
        : null;
  return childrenOf(node).filter((child) => child !== unread);
}
