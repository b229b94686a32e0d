import type { UpstreamApi } from '../../protocol/records.ts';
import type { InputItem, OutputFormat, RunInput } from '../../protocol/run.ts';
import { type PlainModel, textOfUser } from '../../protocol/task-prompts.ts';

/** The request of one call of a model, with the texts of what was asked and nothing else. */
export function taskRequest(
  { model, api }: Pick<PlainModel, 'model' | 'api'>,
  { items, settings, outputFormat }: Pick<RunInput, 'items' | 'settings' | 'outputFormat'>,
): { readonly path: string; readonly body: object } {
  const messages = items.flatMap(toMessage);
  const { maxOutputTokens: most } = settings;
  if (api === 'responses') {
    const cap = most === undefined ? {} : { max_output_tokens: most };
    const format = textFormat(outputFormat);
    const form = format ? { text: { format } } : {};
    return {
      path: '/v1/responses',
      body: { model, input: messages, store: false, ...cap, ...form },
    };
  }
  const cap = most === undefined ? {} : { max_tokens: most };
  const format = chatFormat(outputFormat);
  const form = format ? { response_format: format } : {};
  return { path: '/v1/chat/completions', body: { model, messages, ...cap, ...form } };
}

function toMessage(item: InputItem): { readonly role: string; readonly content: string }[] {
  switch (item.role) {
    case 'system':
    case 'assistant':
      return [{ role: item.role, content: item.text }];
    case 'user':
      return [{ role: 'user', content: textOfUser(item) }];
    case 'tool_call':
    case 'tool_result':
    case 'approval_request':
    case 'approval':
      return [];
    default:
      return item satisfies never;
  }
}

function textFormat(format: OutputFormat): object | null {
  return format.type === 'text' ? null : format;
}

function chatFormat(format: OutputFormat): object | null {
  if (format.type !== 'json_schema') return textFormat(format);
  const { type, ...schema } = format;
  return { type, json_schema: schema };
}

/** What a model said, in the answer of either API; null where it said nothing, or that is no answer. */
export function textOfAnswer(answer: string, api: UpstreamApi): string | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    return null;
  }
  const said = api === 'responses' ? saidInItems(parsed) : saidInChoice(parsed);
  return said === '' ? null : said;
}

function saidInChoice(answer: unknown): string {
  const [choice] = listOf(fieldOf(answer, 'choices'));
  const content = fieldOf(fieldOf(choice, 'message'), 'content');
  return typeof content === 'string' ? content : '';
}

function saidInItems(answer: unknown): string {
  const parts = listOf(fieldOf(answer, 'output')).flatMap((item) =>
    fieldOf(item, 'type') === 'message' ? listOf(fieldOf(item, 'content')) : [],
  );
  return parts
    .map((part) => fieldOf(part, 'text'))
    .filter((text) => typeof text === 'string')
    .join('');
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
