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

/** How a function by the name of a workflow wants to be called. */
export type WorkflowSignature = {
  readonly name: string;
  /** What its first parameter, if it has one, gets: `{ input_as_text }`, or the text of the user itself. */
  readonly takes: 'nothing' | 'object' | 'text';
  /** Names of arguments and fields that it needs beside, which no request brings. */
  readonly needs: readonly string[];
};

/** True for `runWorkflow`, `run_workflow`, `runSupportWorkflow` and the like. */
export function isWorkflowName(name: string): boolean {
  return /^run(_?[A-Za-z0-9]+)*_?workflow$/i.test(name);
}

/** Reads the signatures of workflow functions among the statements of the top level. */
export function readWorkflows(statements: readonly SyntaxNode[]): WorkflowSignature[] {
  const types = new Map(statements.flatMap(namedType));
  return statements.flatMap(namedFunctions).flatMap(([name, callable]) => {
    return isWorkflowName(name) ? [signatureOf(name, callable, types)] : [];
  });
}

type Types = ReadonlyMap<string, SyntaxNode>;

function namedFunctions(statement: SyntaxNode): [string, SyntaxNode][] {
  const node = nodeOf(statement.declaration) ?? statement;
  const name = identifierName(node.id);
  if (isFunction(node) && name !== null) return [[name, node]];
  return nodesOf(node.declarations).flatMap(({ id, init }): [string, SyntaxNode][] => {
    const callable = bareExpression(init);
    const variable = identifierName(id);
    return callable && isFunction(callable) && variable !== null ? [[variable, callable]] : [];
  });
}

/** `type WorkflowInput = { … }` and `interface WorkflowInput { … }`, by name. */
function namedType(statement: SyntaxNode): [string, SyntaxNode][] {
  const node = nodeOf(statement.declaration) ?? statement;
  const name = identifierName(node.id);
  const body = nodeOf(node.typeAnnotation) ?? nodeOf(node.body);
  return name !== null && body && node.type.startsWith('TS') ? [[name, body]] : [];
}

function signatureOf(name: string, callable: SyntaxNode, types: Types): WorkflowSignature {
  const [first, ...others] = nodesOf(callable.params);
  const further = others.filter(isRequired).map((each) => parameterName(each));
  if (!first) return { name, takes: 'nothing', needs: [] };
  const takes = takesText(first, { callable, types }) ? 'text' : 'object';
  const fields = takes === 'object' ? fieldsNeeded(first, types) : [];
  return { name, takes, needs: [...fields, ...further] };
}

function isRequired(parameter: SyntaxNode): boolean {
  return !/^(AssignmentPattern|RestElement)$/.test(parameter.type) && parameter.optional !== true;
}

function parameterName(parameter: SyntaxNode): string {
  return identifierName(parameter) ?? 'another argument';
}

/** Fields of the first parameter that must be there, by its type or by how it is taken apart. */
function fieldsNeeded(parameter: SyntaxNode, types: Types): string[] {
  const type = typeOf(parameter);
  if (/^TS(Array|Tuple|Number|Boolean)/.test(type?.type ?? '')) return [parameterName(parameter)];
  const typed = typeFields(type, types);
  const fields = typed ?? patternFields(parameter);
  return fields.filter((field) => field !== 'input_as_text');
}

function typeOf(parameter: SyntaxNode): SyntaxNode | null {
  const target = parameter.type === 'AssignmentPattern' ? nodeOf(parameter.left) : parameter;
  return nodeOf(nodeOf(target?.typeAnnotation)?.typeAnnotation);
}

/** Required fields of an object type; null where it is none that can be read here. */
function typeFields(type: SyntaxNode | null, types: Types): string[] | null {
  if (type?.type === 'TSTypeReference') {
    const named = types.get(identifierName(type.typeName) ?? '') ?? null;
    return named && named.type !== 'TSTypeReference' ? typeFields(named, types) : null;
  }
  const members = type?.members ?? (type?.type === 'TSInterfaceBody' ? type.body : null);
  if (!members) return null;
  return nodesOf(members)
    .filter(({ optional }) => optional !== true)
    .map(keyName)
    .filter((name) => name !== null);
}

function patternFields(parameter: SyntaxNode): string[] {
  if (parameter.type !== 'ObjectPattern') return [];
  return nodesOf(parameter.properties)
    .filter(({ type, value }) => type === 'Property' && nodeOf(value)?.type !== 'AssignmentPattern')
    .map(keyName)
    .filter((name) => name !== null);
}

/** By its type; without one, where it is passed on as it is and never asked for a field. */
function takesText(
  parameter: SyntaxNode,
  { callable, types }: { callable: SyntaxNode; types: Types },
): boolean {
  const type = typeOf(parameter);
  if (type) return isTextType(type, types);
  const target = parameter.type === 'AssignmentPattern' ? nodeOf(parameter.left) : parameter;
  const name = identifierName(target);
  return name !== null && !hasFieldsRead(callable, name);
}

function isTextType(type: SyntaxNode, types: Types): boolean {
  if (type.type === 'TSStringKeyword') return true;
  const named =
    type.type === 'TSTypeReference' ? types.get(identifierName(type.typeName) ?? '') : null;
  return named?.type === 'TSStringKeyword';
}

function hasFieldsRead(callable: SyntaxNode, name: string): boolean {
  let isRead = false;
  walk(callable, (node) => {
    const isMember = node.type === 'MemberExpression' && identifierName(node.object) === name;
    const isTakenApart =
      node.type === 'VariableDeclarator' &&
      identifierName(node.init) === name &&
      nodeOf(node.id)?.type === 'ObjectPattern';
    if (isMember || isTakenApart) isRead = true;
  });
  return isRead;
}
