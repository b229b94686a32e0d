import { parseSync } from 'oxc-parser';
import { lineCount, type SourceFile } from './source-files.ts';

/** Something found at a place: `packages/gateway/src/gateway.ts:12`, and what. */
export type Finding = { readonly place: string; readonly what: string };

/** A file or function and its length. */
export type Sized = { readonly place: string; readonly lines: number };

/** What one file has of the things the bars are about. Functions are those with a block for a body. */
type Measured = Sized & {
  readonly functions: readonly Sized[];
  readonly anyTypes: readonly Finding[];
  readonly nonNullAssertions: readonly Finding[];
  readonly environmentReads: readonly Finding[];
  readonly consoleCalls: readonly Finding[];
  readonly mutableState: readonly Finding[];
  readonly moduleMocks: readonly Finding[];
  /** What is spread where it is made could stand there itself. */
  readonly freshSpreads: readonly Finding[];
};

type Node = { readonly type: string; readonly start: number; readonly end: number } & Readonly<
  Record<string, unknown>
>;

/** Parses a file and counts. Throws where it has a syntax error. */
export function measure(file: SourceFile): Measured {
  const { program, errors } = parseSync(file.path, file.text);
  if (errors[0]) throw new Error(`${file.path}: ${errors[0].message}`);
  const nodes = [...everyNode(program)];
  const lineAt = lineLookup(file.text);
  const placeOf = (node: Node) => `${file.path}:${lineAt(node.start)}`;
  const find = (what: string, holds: (node: Node) => boolean): Finding[] =>
    nodes.filter(holds).map((node) => ({ place: placeOf(node), what }));

  return {
    place: `${file.path}:1`,
    lines: lineCount(file.text),
    functions: nodes.filter(isFunctionWithBlock).map((node) => ({
      place: placeOf(node),
      lines: lineAt(node.end) - lineAt(node.start) + 1,
    })),
    anyTypes: find('type any', (node) => node.type === 'TSAnyKeyword'),
    nonNullAssertions: find('non-null !', (node) => node.type === 'TSNonNullExpression'),
    environmentReads: find('process.env', (node) => isMember(node, 'process', 'env')),
    consoleCalls: find('console.', (node) => isMember(node, 'console')),
    mutableState: mutableNames(program.body as unknown as Node[], file.text).map(
      ({ name, node }) => ({ place: placeOf(node), what: `mutable ${name} at module level` }),
    ),
    moduleMocks: find('module mock', (node) => isModuleMock(node)),
    freshSpreads: find('spread of a literal', (node) => isFreshSpread(node)),
  };
}

/** Depth first, in the order of the text. */
function* everyNode(value: unknown): Generator<Node> {
  if (Array.isArray(value)) {
    for (const item of value) yield* everyNode(item);
  } else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) yield* everyNode(child);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value;
}

function isFunctionWithBlock(node: Node): boolean {
  const isFunction = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;
  if (!isFunction.test(node.type)) return false;
  return isNode(node.body) && /^(BlockStatement|FunctionBody)$/.test(node.body.type);
}

function isMember(node: Node, objectName: string, propertyName?: string): boolean {
  if (node.type !== 'MemberExpression') return false;
  const { object, property } = node as unknown as { object: Node; property: Node };
  return (
    object.type === 'Identifier' &&
    object.name === objectName &&
    (propertyName === undefined ||
      property.name === propertyName ||
      property.value === propertyName)
  );
}

function isModuleMock(node: Node): boolean {
  return isMember(node, 'vi', 'mock') || isMember(node, 'vi', 'doMock');
}

function isFreshSpread({ type, argument }: Node): boolean {
  if (type !== 'SpreadElement' || !isNode(argument)) return false;
  return /^(Array|Object)Expression$/.test(argument.type);
}

/**
 * Module-level `let` and `var`, and constants that hold a collection which is empty at first or
 * changed later: state that two gateways in one process would share.
 */
function mutableNames(statements: readonly Node[], text: string): { name: string; node: Node }[] {
  return statements.flatMap((statement) => {
    const declaration =
      statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (!isNode(declaration) || declaration.type !== 'VariableDeclaration') return [];
    return (declaration.declarations as Node[]).flatMap((node) => {
      const name = (node.id as Node).name;
      if (typeof name !== 'string') return [];
      const isMutable =
        declaration.kind !== 'const' || isEmptyCollection(node.init) || isChanged(name, text);
      return isMutable ? [{ name, node }] : [];
    });
  });
}

function isEmptyCollection(init: unknown): boolean {
  if (!isNode(init)) return false;
  if (init.type === 'TSAsExpression' || init.type === 'TSSatisfiesExpression') {
    return isEmptyCollection(init.expression);
  }
  if (init.type === 'ArrayExpression') return (init.elements as unknown[]).length === 0;
  if (init.type === 'ObjectExpression') return (init.properties as unknown[]).length === 0;
  if (init.type !== 'NewExpression') return false;
  const { callee, arguments: args } = init as unknown as { callee: Node; arguments: unknown[] };
  return /^(Weak)?(Map|Set)$/.test(String(callee.name)) && args.length === 0;
}

function isChanged(name: string, text: string): boolean {
  const change = 'set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill';
  return new RegExp(`(?<![.\\w$])${name.replaceAll('$', '\\$')}\\.(${change})\\(`).test(text);
}

/** Maps an offset to its line, both as the parser counts: UTF-16 from 0, lines from 1. */
function lineLookup(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    const next = starts.findIndex((start) => start > offset);
    return next < 0 ? starts.length : next;
  };
}
