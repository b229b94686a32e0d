import type { UpstreamApi } from '../../protocol/records.ts';
import {
  asObject,
  asObjects,
  asText,
  type DemoRequest,
  type DemoTool,
  type DemoTurn,
  type JsonObject,
} from './demo-request.ts';

/** A body that is no request: what is wrong with it, and with which field. */
export type Unreadable = {
  readonly type: 'unreadable';
  readonly code: 'invalid_json' | 'missing_parameter';
  readonly message: string;
  readonly param: string | null;
};

/** Reads a body of either API, as loosely as OpenAI's own servers do. */
export function readRequest(
  api: UpstreamApi,
  bytes: Buffer,
): { readonly type: 'request'; readonly request: DemoRequest } | Unreadable {
  const body = parseBody(bytes);
  if (!body) {
    const message = 'The body is not JSON.';
    return { type: 'unreadable', code: 'invalid_json', message, param: null };
  }
  const conversation = api === 'responses' ? body.input : body.messages;
  if (typeof body.model !== 'string') return missing('model');
  if (typeof conversation !== 'string' && !Array.isArray(conversation)) {
    return missing(api === 'responses' ? 'input' : 'messages');
  }
  return { type: 'request', request: toRequest(api, body, body.model) };
}

function parseBody(bytes: Buffer): JsonObject | null {
  try {
    return asObject(JSON.parse(bytes.toString()));
  } catch {
    return null;
  }
}

function missing(param: string): Unreadable {
  const message = `Missing required parameter: '${param}'.`;
  return { type: 'unreadable', code: 'missing_parameter', message, param };
}

function toRequest(api: UpstreamApi, body: JsonObject, model: string): DemoRequest {
  const format = asObject(api === 'responses' ? asObject(body.text).format : body.response_format);
  const limit = body.max_output_tokens ?? body.max_completion_tokens ?? body.max_tokens;
  return {
    model,
    streamed: body.stream === true,
    includeUsage: asObject(body.stream_options).include_usage === true,
    ...(api === 'responses' ? readInput(body) : readMessages(body)),
    tools: asObjects(body.tools).flatMap(readTool),
    toolChoice: readToolChoice(body.tool_choice),
    parallelCalls: body.parallel_tool_calls !== false,
    outputSchema: readOutputSchema(format),
    maxOutputTokens: typeof limit === 'number' ? limit : null,
  };
}

type Conversation = Pick<DemoRequest, 'instructions' | 'turns'>;

function readInput(body: JsonObject): Conversation {
  const items =
    typeof body.input === 'string'
      ? [{ role: 'user', content: body.input }]
      : asObjects(body.input);
  const turns = items.flatMap((item): DemoTurn[] => {
    const callId = asText(item.call_id);
    switch (item.type ?? 'message') {
      case 'message':
        return messageTurn(item);
      case 'function_call':
        return [
          { type: 'tool_call', name: asText(item.name), arguments: asText(item.arguments), callId },
        ];
      case 'function_call_output':
        return [{ type: 'tool_result', callId, text: contentText(item.output) }];
      default:
        return [];
    }
  });
  return { instructions: joined(asText(body.instructions), systemText(items)), turns };
}

function readMessages(body: JsonObject): Conversation {
  const messages = asObjects(body.messages);
  const turns = messages.flatMap((message): DemoTurn[] => {
    if (message.role === 'tool') {
      const callId = asText(message.tool_call_id);
      return [{ type: 'tool_result', callId, text: contentText(message.content) }];
    }
    const calls = asObjects(message.tool_calls).map((call): DemoTurn => {
      const { name, arguments: args } = asObject(call.function);
      return {
        type: 'tool_call',
        name: asText(name),
        arguments: asText(args),
        callId: asText(call.id),
      };
    });
    return [...messageTurn(message), ...calls];
  });
  return { instructions: systemText(messages), turns };
}

function messageTurn(message: JsonObject): DemoTurn[] {
  const text = contentText(message.content);
  if (message.role === 'user') return [{ type: 'user', text }];
  return message.role === 'assistant' && text !== '' ? [{ type: 'assistant', text }] : [];
}

function systemText(messages: readonly JsonObject[]): string {
  return messages
    .filter((message) => message.role === 'system' || message.role === 'developer')
    .map((message) => contentText(message.content))
    .join('\n');
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return asObjects(content)
    .map((part) => asText(part.text ?? part.refusal))
    .filter(Boolean)
    .join('\n');
}

function joined(first: string, second: string): string {
  return [first, second].filter(Boolean).join('\n');
}

/** Responses write a function flat, chat completions below `function`; hosted tools are skipped. */
function readTool(tool: JsonObject): DemoTool[] {
  if (tool.type !== 'function') return [];
  const definition = tool.function === undefined ? tool : asObject(tool.function);
  return [
    {
      name: asText(definition.name),
      description: asText(definition.description),
      parameters: asObject(definition.parameters),
    },
  ];
}

function readToolChoice(choice: unknown): DemoRequest['toolChoice'] {
  if (choice === 'none' || choice === 'required') return { type: choice };
  const object = asObject(choice);
  const name = asText(object.name) || asText(asObject(object.function).name);
  return name ? { type: 'named', name } : { type: 'auto' };
}

function readOutputSchema(format: JsonObject): JsonObject | null {
  if (format.type === 'json_object') return {};
  if (format.type !== 'json_schema') return null;
  return asObject(format.schema ?? asObject(format.json_schema).schema);
}
