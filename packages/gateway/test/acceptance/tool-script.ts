import type { ParrotCall } from './parrot.ts';

/** Calls of tools that a model shall make, in order: name and arguments, or the text that stands for them. */
export type Steps = readonly (readonly [tool: string, args: object | string])[];

/** What to say to an agent whose model is `followSteps`. */
export const saying = (...steps: Steps): string => JSON.stringify(steps);

type Item = {
  readonly role?: string;
  readonly type?: string;
  readonly content?: unknown;
  readonly output?: unknown;
};

/**
 * An answer of the parrot on the Responses API: calls the tools that the last message of the user names, one a turn,
 * and then tells what each of them gave back, ` | ` between them.
 */
export function followSteps({ body }: ParrotCall) {
  const items = (Array.isArray(body.input) ? body.input : []) as readonly Item[];
  const asked = items.findLastIndex(({ role }) => role === 'user');
  const steps = stepsOf(items[asked]?.content);
  const results = items.slice(asked + 1).filter(({ type }) => type === 'function_call_output');
  const next = steps[results.length];
  if (next) return { calls: [{ name: next[0], args: next[1], id: `call_${items.length}` }] };
  return { text: [results.map(({ output }) => textOf(output)).join(' | ') || 'nothing'] };
}

function stepsOf(content: unknown): Steps {
  const text = textOf(content);
  return text.startsWith('[') ? JSON.parse(text) : [];
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content ?? '');
  return content.map((part: { readonly text?: unknown }) => String(part.text ?? '')).join('');
}
