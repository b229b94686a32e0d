import type { NewStep } from '../journal/to-step.ts';
import type { Attributes, SpanAttribute } from './attributes.ts';

type Hide = (text: string) => string;

type Texts = { [Name in SpanAttribute]?: string };

/** Letters of one attribute; what is longer is left out whole, for a part of it is no JSON. */
const MAX_LETTERS = 60_000;

/** What a step held, under the names of the conventions; `text` is what a run said. */
export function contentsOf(
  step: NewStep,
  hide: Hide,
): { readonly attributes: Attributes; readonly text: string } {
  const attributes: Texts = {};
  let text = '';
  for (const { part, text: held } of step.contents()) {
    const shown = hide(held);
    if (part === 'text') text += shown;
    else if (part === 'request') Object.assign(attributes, requestContents(shown));
    else if (part === 'arguments') attributes['gen_ai.tool.call.arguments'] = shown;
    else if (part === 'result') attributes['gen_ai.tool.call.result'] = shown;
  }
  const fitting = Object.entries(attributes).filter(([, value]) => value.length <= MAX_LETTERS);
  return { attributes: Object.fromEntries(fitting), text };
}

/** What an agent answered, as the conventions have it. */
export function outputMessages(text: string): Attributes {
  if (text === '' || text.length > MAX_LETTERS) return {};
  const parts = [{ type: 'text', content: text }];
  const messages = [{ role: 'assistant', parts, finish_reason: 'stop' }];
  return { 'gen_ai.output.messages': JSON.stringify(messages) };
}

type Part = Readonly<Record<string, unknown>>;
type Item = Readonly<Record<string, unknown>>;

/** A request to a model on either of OpenAI's APIs; nothing of one that cannot be read. */
function requestContents(body: string): Texts {
  if (body.length > MAX_LETTERS) return {};
  try {
    const request: unknown = JSON.parse(body);
    if (!isItem(request)) return {};
    const given = request.messages ?? request.input;
    const items = typeof given === 'string' ? [{ role: 'user', content: given }] : given;
    if (!Array.isArray(items)) return {};
    const messages = items.filter(isItem).map(toMessage);
    const { instructions } = request;
    const system =
      typeof instructions === 'string'
        ? {
            'gen_ai.system_instructions': JSON.stringify([{ type: 'text', content: instructions }]),
          }
        : {};
    return { 'gen_ai.input.messages': JSON.stringify(messages), ...system };
  } catch {
    // What was hidden may have broken it.
    return {};
  }
}

function toMessage(item: Item): { readonly role: unknown; readonly parts: readonly Part[] } {
  if (item.type === 'function_call') return { role: 'assistant', parts: [toCall(item, item)] };
  if (item.type === 'function_call_output') {
    return { role: 'tool', parts: [toResult(item.call_id, item.output)] };
  }
  if (item.role === 'tool') {
    return { role: 'tool', parts: [toResult(item.tool_call_id, item.content)] };
  }
  const calls = Array.isArray(item.tool_calls) ? item.tool_calls.filter(isItem) : [];
  const parts = [
    ...textParts(item.content),
    ...calls.map((call) => toCall(call, isItem(call.function) ? call.function : {})),
  ];
  return { role: item.role ?? 'assistant', parts };
}

function textParts(content: unknown): Part[] {
  if (typeof content === 'string') return [{ type: 'text', content }];
  if (!Array.isArray(content)) return [];
  return content
    .filter(isItem)
    .map((part) =>
      typeof part.text === 'string'
        ? { type: 'text', content: part.text }
        : { type: String(part.type) },
    );
}

function toCall(call: Item, { name, arguments: args }: Item): Part {
  return { type: 'tool_call', id: call.call_id ?? call.id, name, arguments: args };
}

function toResult(id: unknown, response: unknown): Part {
  return { type: 'tool_call_response', id, response };
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
