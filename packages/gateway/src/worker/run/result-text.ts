import { fieldsOf, type SdkItem, type SdkResult } from '../sdk.ts';

/** The texts of a run's messages, in order, without the empty ones: what its stream would have told. */
export function messageTexts(result: SdkResult): string[] {
  return (result.newItems ?? [])
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
