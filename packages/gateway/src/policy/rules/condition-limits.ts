import type { ASTNode } from '@marcbachmann/cel-js';

/** Bounds of CEL’s own, held while a condition is parsed. */
export const conditionLimits = {
  maxAstNodes: 200,
  maxDepth: 24,
  maxListElements: 100,
  maxMapEntries: 20,
  maxCallArguments: 3,
} as const;

/** What a condition may call. Each takes at most one pass over its text. */
const calls: ReadonlySet<string> = new Set([
  'has',
  'size',
  'int',
  'double',
  'string',
  'bool',
  'type',
  'timestamp',
  'startsWith',
  'endsWith',
  'contains',
  'lowerAscii',
  'upperAscii',
  'trim',
]);

/** Calls and additions read or copy whole arguments, so their number bounds what one answer costs. */
const MAX_CALLS = 20;
const MAX_ADDITIONS = 8;

/** To search for one long text in another can take their product in time. */
const MAX_NEEDLE_CHARS = 100;

const clockFields: ReadonlySet<string> = new Set(['hour', 'weekday', 'now']);

/** What is found in a condition; `problem` is a sentence that says what it may not have. */
export type FoundInCondition = {
  readonly needsArgs: boolean;
  readonly needsClock: boolean;
  readonly problem: string | null;
};

/**
 * Looks through a parsed condition. Refused is what could take long: the macros that run over lists or multiply
 * texts (`all`, `map`, `cel.bind`, …), regular expressions, and more than a few passes over the arguments.
 */
export function checkCondition(root: ASTNode): FoundInCondition {
  const nodes = nodesOf(root);
  const called = nodes.filter((node) => node.op === 'call' || node.op === 'rcall');
  const contextFields = nodes.map(contextField).filter((field) => field !== null);
  return {
    needsArgs: nodes.some((node) => node.op === 'id' && node.args === 'args'),
    needsClock: contextFields.some((field) => clockFields.has(field)),
    problem:
      nodes.map(nodeProblem).find((problem) => problem !== null) ??
      tooMany('calls', called.length, MAX_CALLS) ??
      tooMany('additions', nodes.filter(({ op }) => op === '+').length, MAX_ADDITIONS),
  };
}

function tooMany(what: string, count: number, most: number): string | null {
  return count > most ? `A condition may have ${most} ${what} at most.` : null;
}

function nodeProblem(node: ASTNode): string | null {
  const what = refusedCall(node);
  return what && `The condition is wrong at character ${node.range.start + 1}: ${what}.`;
}

function refusedCall(node: ASTNode): string | null {
  if (node.op !== 'call' && node.op !== 'rcall') return null;
  const name = node.args[0];
  if (!calls.has(name)) {
    return `${name}() cannot be used here; allowed are ${[...calls].join(', ')}`;
  }
  if (name !== 'contains') return null;
  const [needle] = node.args.at(-1) as ASTNode[];
  const isShortText =
    needle?.op === 'value' &&
    typeof needle.args === 'string' &&
    needle.args.length <= MAX_NEEDLE_CHARS;
  return isShortText
    ? null
    : `contains() takes a text in quotes, of ${MAX_NEEDLE_CHARS} characters at most`;
}

/** `hour` for `context.hour`. */
function contextField(node: ASTNode): string | null {
  if (node.op !== '.') return null;
  const [holder, field] = node.args;
  return holder.op === 'id' && holder.args === 'context' ? field : null;
}

/** A node and all below it. */
function nodesOf(node: ASTNode): ASTNode[] {
  return [node, ...partsOf(node.args).flatMap(nodesOf)];
}

function partsOf(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(partsOf);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}
