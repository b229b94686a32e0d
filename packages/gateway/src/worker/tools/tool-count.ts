import type { ToolLimits } from '../../protocol/worker/messages.ts';

/** The tool calls of one run. */
export type ToolCount = {
  /** Counts a call before it is made; `args` is a text of JSON, or what such a text holds. */
  readonly add: (
    tool: string,
    args: unknown,
  ) => {
    /** What a question about it says of that. */
    readonly told: { readonly repeated?: number };
    /** Whether it goes beyond the limits of the run, so that only the gateway may let it pass. */
    readonly isOver: boolean;
  };
};

/** Longer arguments are compared as they are written. */
const MAX_ORDERED_LENGTH = 16 * 1024;

export function createToolCount(limits: ToolLimits = {}): ToolCount {
  const { maxCalls = Number.POSITIVE_INFINITY, maxRepeated = Number.POSITIVE_INFINITY } = limits;
  let calls = 0;
  let repeated = 0;
  let last: { readonly tool: string; readonly args: string } | null = null;
  return {
    add(tool, given) {
      const args = textOf(given);
      calls += 1;
      repeated = last?.tool === tool && isSame(last.args, args) ? repeated + 1 : 1;
      last = { tool, args };
      const isOver = calls > maxCalls || repeated > maxRepeated;
      return { told: repeated > 1 ? { repeated } : {}, isOver };
    },
  };
}

function textOf(args: unknown): string {
  if (typeof args === 'string') return args;
  try {
    return JSON.stringify(args) ?? '';
  } catch {
    return '';
  }
}

function isSame(some: string, others: string): boolean {
  if (some === others) return true;
  if (Math.max(some.length, others.length) > MAX_ORDERED_LENGTH) return false;
  const ordered = inOrder(some);
  return ordered !== null && ordered === inOrder(others);
}

function inOrder(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), sorted);
  } catch {
    return null;
  }
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
