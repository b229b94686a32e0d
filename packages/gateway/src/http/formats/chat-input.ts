import { GatewayError } from '../../errors.ts';
import type { ChatRequest } from '../../protocol/openai-chat.ts';
import type {
  InputItem,
  InputPart,
  OutputFormat,
  RunInput,
  RunSettings,
} from '../../protocol/run.ts';

/**
 * What a chat request asks an agent to do. Of the history, only texts are kept: tool calls and their results are dropped.
 *
 * @throws GatewayError `invalid_value` where nothing of the messages is left to answer.
 */
export function toRunInput(body: ChatRequest): RunInput {
  const items = body.messages.flatMap(toItems);
  if (items.length === 0) {
    throw new GatewayError(
      'invalid_value',
      "Invalid value for 'messages': there is nothing to answer. Send at least one system or user message.",
      { param: 'messages' },
    );
  }
  return {
    modelId: body.model,
    items,
    settings: toSettings(body),
    outputFormat: toOutputFormat(body.response_format),
    streamed: body.stream === true,
    clientTools: Boolean(body.tools?.length || body.functions?.length),
    ...(body.user ? { user: body.user } : {}),
    metadata: body.metadata ?? {},
  };
}

type ChatMessage = ChatRequest['messages'][number];
type UserPart = Exclude<Extract<ChatMessage, { role: 'user' }>['content'], string>[number];

function toItems(message: ChatMessage): InputItem[] {
  switch (message.role) {
    case 'system':
    case 'developer':
      return [{ role: 'system', text: textOf(message.content) }];
    case 'user':
      return [{ role: 'user', parts: toParts(message.content) }];
    case 'assistant': {
      const text = textOf(message.content ?? '');
      return text === '' ? [] : [{ role: 'assistant', text }];
    }
    case 'tool':
    case 'function':
      return [];
    default:
      return message satisfies never;
  }
}

function textOf(
  content: string | readonly { type: string; text?: string | null | undefined }[],
): string {
  if (typeof content === 'string') return content;
  return content.flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n');
}

function toParts(content: string | readonly UserPart[]): InputPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content.map(toPart);
}

function toPart(part: UserPart): InputPart {
  switch (part.type) {
    case 'text':
      return part;
    case 'image_url': {
      const { url, detail } = part.image_url;
      return { type: 'image', url, ...(detail ? { detail } : {}) };
    }
    case 'input_audio':
      return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format };
    case 'file': {
      const { file_id: fileId, file_data: data, filename } = part.file;
      return { type: 'file', ...given({ fileId, data, filename }) };
    }
    default:
      return part satisfies never;
  }
}

function toSettings(body: ChatRequest): RunSettings {
  return given({
    maxOutputTokens: body.max_completion_tokens ?? body.max_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    seed: body.seed,
    stop: typeof body.stop === 'string' ? [body.stop] : body.stop,
    parallelToolCalls: body.parallel_tool_calls,
    reasoningEffort: body.reasoning_effort,
    verbosity: body.verbosity,
    serviceTier: body.service_tier,
  });
}

function toOutputFormat(format: ChatRequest['response_format']): OutputFormat {
  if (format?.type !== 'json_schema') return { type: format?.type ?? 'text' };
  const { name, schema, strict } = format.json_schema;
  return { type: 'json_schema', name, schema: schema ?? {}, strict: strict ?? false };
}

type Given<T> = { -readonly [K in keyof T]?: NonNullable<T[K]> };

/** The fields that hold something: RunInput knows no null. */
function given<T extends object>(fields: T): Given<T> {
  const kept = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(kept) as Given<T>;
}
