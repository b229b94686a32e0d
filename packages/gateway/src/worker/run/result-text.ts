import type { InputItem } from '../../protocol/run.ts';
import { fieldsOf, type SdkItem, type SdkResult } from '../sdk.ts';

/** The texts of a run's messages, in order, without the empty ones: what its stream would have told. */
export function messageTexts({ newItems = [] }: Pick<SdkResult, 'newItems'>): string[] {
  return newItems
    .filter((item) => item.type === 'message_output_item')
    .map(messageText)
    .filter((text) => text !== '');
}

/** The final output where it is no message of the model but a tool's result (`toolUseBehavior`); null otherwise. */
export function toolAnswer(result: SdkResult): string | null {
  const last = result.newItems?.findLast((item) => item.type !== 'reasoning_item');
  const output = result.finalOutput;
  if (last?.type === 'message_output_item' || output === undefined || output === null) return null;
  return typeof output === 'string' ? output : JSON.stringify(output);
}

/**
 * The text of what a workflow returned: the string itself, `output_text`, `message`, `safe_text`, `text`, the only
 * string in it, else all of it as JSON.
 *
 * @returns Null where nothing was returned.
 */
export function outputText(returned: unknown): string | null {
  if (returned === undefined || returned === null) return null;
  if (typeof returned === 'string') return returned;
  const fields = fieldsOf(returned);
  for (const name of ['output_text', 'message', 'safe_text', 'text']) {
    const value = fields[name];
    if (typeof value === 'string') return value;
  }
  const strings = Object.values(fields).filter((value) => typeof value === 'string');
  const [only] = strings;
  return strings.length === 1 && only !== undefined ? only : (JSON.stringify(returned) ?? '');
}

/** Most letters of what a run added, as JSON; of more, the texts alone are told. */
const MAX_ITEMS_LENGTH = 1024 * 1024;

/** What a run added to its conversation: its texts, and calls of tools with what they gave, but for tools that ran elsewhere. */
export function addedItems(newItems: readonly SdkItem[]): InputItem[] {
  const calls = new Map<string, string>();
  const all = newItems.flatMap((item) => addedItem(item, calls));
  const given = new Set(all.flatMap((item) => (item.role === 'tool_result' ? [item.callId] : [])));
  const items = all.filter((item) => item.role !== 'tool_call' || given.has(item.callId));
  if (JSON.stringify(items).length <= MAX_ITEMS_LENGTH) return items;
  return items.filter(({ role }) => role === 'assistant');
}

/** @param calls - Names of the tools that were called so far, by the ids of their calls. */
function addedItem(item: SdkItem, calls: Map<string, string>): InputItem[] {
  const { type, callId, name, arguments: written, output } = fieldsOf(item.rawItem);
  if (item.type === 'message_output_item') {
    const text = messageText(item);
    return text === '' ? [] : [{ role: 'assistant', text }];
  }
  if (typeof callId !== 'string' || item.type === 'tool_approval_item') return [];
  if (type === 'function_call' && typeof name === 'string') {
    calls.set(callId, name);
    return [{ role: 'tool_call', callId, name, arguments: String(written ?? '{}') }];
  }
  const called = calls.get(callId);
  if (type !== 'function_call_result' || called === undefined) return [];
  return [{ role: 'tool_result', callId, name: called, text: givenText(output) }];
}

/** A result is a text, a part with one, or several parts. */
function givenText(output: unknown): string {
  if (typeof output === 'string') return output;
  const { text } = fieldsOf(output);
  return typeof text === 'string' ? text : (JSON.stringify(output) ?? '');
}

function messageText(item: SdkItem): string {
  const content = item.rawItem?.content;
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map(fieldsOf)
    .filter((part) => part.type === 'output_text')
    .map((part) => String(part.text ?? ''))
    .join('');
}
