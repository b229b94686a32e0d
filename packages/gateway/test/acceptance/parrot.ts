import { asksForModels } from '../support/model-list.ts';
import { openUpstream, type SeenCall, type Turn } from '../support/scripted-upstream.ts';

/** One model call as it reached the parrot, the same for both APIs. */
export type ParrotCall = {
  readonly model: unknown;
  readonly path: string;
  readonly instructions: string;
  /** Messages as `role: text`, without the instructions and without tools. */
  readonly messages: readonly string[];
  /** Names of the tools it was offered. */
  readonly tools: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
};

/** An upstream without a mind of its own: what it was asked decides what it answers. */
export type Parrot = {
  readonly baseUrl: string;
  /** In order of arrival, without the gateway's own question which models there are. */
  calls(): readonly ParrotCall[];
  readonly stop: () => void;
};

/** What `count` calls cost, as a caller is told. */
export const costOf = (count: number) => ({
  prompt_tokens: 10 * count,
  completion_tokens: 5 * count,
  total_tokens: 15 * count,
  prompt_tokens_details: { cached_tokens: 4 * count },
  completion_tokens_details: { reasoning_tokens: 2 * count },
});

/**
 * Starts an upstream that speaks both APIs and does what the last message of the user says: `call <tool> <arguments>`
 * once, `keep calling …` in every turn, `say <text>`, `refuse`. To anything else it answers with its instructions, and
 * with what tools gave back in brackets.
 *
 * @param answerTo - Answers in its place where it gives a turn.
 */
export async function startParrot(
  answerTo: (call: ParrotCall) => Turn | null = () => null,
): Promise<Parrot> {
  const { baseUrl, calls, stop } = await openUpstream((seen) => {
    const call = readCall(seen);
    return answerTo(call) ?? reply(call, readItems(seen.body));
  });
  return {
    baseUrl,
    calls: () => calls.filter(({ path }) => !asksForModels(path)).map(readCall),
    stop,
  };
}

type Item = { readonly [field: string]: unknown };

function reply({ instructions }: ParrotCall, items: readonly Item[]): Turn {
  const at = items.findLastIndex((item) => item.role === 'user');
  const asked = textOf(items[at]?.content);
  const results = items.slice(at + 1).flatMap(resultOf);
  const [, keepsOn, name, args] = /^(keep calling|call) (\S+) (\{.*\})$/.exec(asked) ?? [];
  if (name && args && (keepsOn === 'keep calling' || results.length === 0)) {
    return { calls: [{ name, args: JSON.parse(args), id: `call_${items.length}` }] };
  }
  if (asked === 'refuse') return { refusal: 'I would rather not.' };
  const told = results.filter((result) => !/^\{"assistant":/.test(result));
  const text = asked.startsWith('say ') ? asked.slice('say '.length) : instructions;
  return { text: [text, ...told.map((result) => `[${result}]`)].join(' ').split(/(?<= )/) };
}

function readCall({ path, body }: SeenCall): ParrotCall {
  const items = readItems(body);
  const messages = items.filter((item) => item.role === 'user' || item.role === 'assistant');
  const told = items.filter((item) => item.role === 'system' || item.role === 'developer');
  const tools = (Array.isArray(body.tools) ? body.tools : []) as readonly Item[];
  return {
    model: body.model,
    path,
    instructions: [body.instructions ?? [], ...told.map((item) => textOf(item.content))]
      .flat()
      .join('\n'),
    messages: messages.map((item) => `${String(item.role)}: ${textOf(item.content)}`),
    tools: tools.map((tool) => String(tool.name ?? (tool.function as Item)?.name ?? tool.type)),
    body,
  };
}

function readItems(body: Item): readonly Item[] {
  const items = body.input ?? body.messages;
  return Array.isArray(items) ? items : [{ role: 'user', content: items }];
}

function resultOf(item: Item): string[] {
  if (item.type === 'function_call_output') return [textOf(item.output)];
  return item.role === 'tool' ? [textOf(item.content)] : [];
}

/** Text of a content, be it a string or parts. */
function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content ?? '');
  return content.map((part: Item) => String(part.text ?? '')).join('');
}
