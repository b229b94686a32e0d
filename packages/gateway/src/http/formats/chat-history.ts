import { GatewayError } from '../../errors.ts';
import type { ChatRequest } from '../../protocol/formats/openai-chat.ts';
import type { InputItem, InputPart } from '../../protocol/run.ts';
import { contentText } from './content-text.ts';
import { given } from './given.ts';

type ChatMessage = ChatRequest['messages'][number];
type Message<Role extends ChatMessage['role']> = Extract<ChatMessage, { role: Role }>;
type UserPart = Exclude<Message<'user'>['content'], string>[number];

/** Calls without a result so far: name by call id. */
type OpenCalls = Map<string, string>;

/**
 * The messages of a chat request. Empty answers are left out; everything else is kept.
 *
 * @throws GatewayError `invalid_value` where a tool call has no result, or a result no call: no model takes them.
 */
export function toItems(messages: readonly ChatMessage[]): InputItem[] {
  const open: OpenCalls = new Map();
  const items = messages.flatMap((message, index) => {
    switch (message.role) {
      case 'system':
      case 'developer':
        refuseOpen(open);
        return [{ role: 'system', text: contentText(message.content) } as const];
      case 'user':
        refuseOpen(open);
        return [{ role: 'user', parts: toParts(message.content) } as const];
      case 'assistant':
        refuseOpen(open);
        return answerItems(message, index, open);
      case 'tool':
      case 'function':
        return [resultItem(message, index, open)];
      default:
        return message satisfies never;
    }
  });
  refuseOpen(open);
  return items;
}

function answerItems(message: Message<'assistant'>, index: number, open: OpenCalls): InputItem[] {
  const { content, refusal, tool_calls: calls, function_call: legacy } = message;
  const text = contentText(content ?? '') || (refusal ?? '');
  const called = (calls ?? []).map(({ id, function: called }) => ({ id, ...called }));
  // Calls of that older form have no id.
  if (legacy) called.push({ id: `call_${index}`, ...legacy });
  for (const { id, name } of called) open.set(id, name);
  return [
    ...(text === '' ? [] : [{ role: 'assistant', text } as const]),
    ...called.map(({ id, name, arguments: written }) => ({
      role: 'tool_call' as const,
      callId: id,
      name,
      arguments: typeof written === 'string' ? written : JSON.stringify(written),
    })),
  ];
}

function resultItem(
  message: Message<'tool'> | Message<'function'>,
  index: number,
  open: OpenCalls,
): InputItem {
  const isTool = message.role === 'tool';
  const callId = isTool
    ? message.tool_call_id
    : ([...open].find(([, name]) => name === message.name)?.[0] ?? '');
  const name = open.get(callId);
  if (name === undefined) {
    const field = isTool ? 'tool_call_id' : 'name';
    throw new GatewayError(
      'invalid_value',
      `Invalid value for 'messages[${index}].${field}': no call before it waits for this result. Send the assistant message with its tool_calls too, or leave the result out.`,
      { param: `messages[${index}].${field}` },
    );
  }
  open.delete(callId);
  return { role: 'tool_result', callId, name, text: contentText(message.content ?? '') };
}

function refuseOpen(open: OpenCalls): void {
  for (const [callId, name] of open) {
    throw new GatewayError(
      'invalid_value',
      `Invalid value for 'messages': the call of ${name} (${callId}) has no result. Send its result right after it, or leave the call out.`,
      { param: 'messages' },
    );
  }
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
