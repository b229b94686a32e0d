import type { InputItem, InputPart } from '../../protocol/run.ts';

/** What a run of the SDK is given: a lone text as the string that its author runs it with, which guardrails see. */
export function runInput(items: readonly InputItem[]): string | object[] {
  const [only] = items;
  const content = items.length === 1 && only?.role === 'user' ? userContent(only.parts) : null;
  return typeof content === 'string' ? content : inputItems(items);
}

/** The conversation as input items of the SDK, in forms that copies from 0.1.x on accept. */
export function inputItems(items: readonly InputItem[]): object[] {
  return items.flatMap((item) => {
    switch (item.role) {
      case 'approval_request':
      case 'approval':
        return [];
      case 'system':
        return { role: 'system', content: item.text };
      case 'user':
        return { role: 'user', content: userContent(item.parts) };
      case 'assistant':
        return {
          role: 'assistant',
          status: 'completed',
          content: [{ type: 'output_text', text: item.text }],
        };
      case 'tool_call': {
        const { callId, name, arguments: written } = item;
        return { type: 'function_call', callId, name, arguments: written, status: 'completed' };
      }
      case 'tool_result': {
        const { callId, name, text } = item;
        const output = { type: 'text', text };
        return { type: 'function_call_result', callId, name, output, status: 'completed' };
      }
      default:
        return item satisfies never;
    }
  });
}

/** A lone text stays a string, which every API and server takes. */
function userContent(parts: readonly InputPart[]): string | object[] {
  const [only] = parts;
  return parts.length === 1 && only?.type === 'text' ? only.text : parts.map(sdkPart);
}

function sdkPart(part: InputPart): object {
  switch (part.type) {
    case 'text':
      return { type: 'input_text', text: part.text };
    case 'image':
      return {
        type: 'input_image',
        image: part.fileId === undefined ? part.url : { id: part.fileId },
        ...(part.detail ? { detail: part.detail } : {}),
      };
    case 'audio':
      return { type: 'audio', audio: part.data, format: part.format };
    case 'file':
      return {
        type: 'input_file',
        file: sdkFile(part),
        ...(part.filename === undefined ? {} : { filename: part.filename }),
      };
    default:
      return part satisfies never;
  }
}

function sdkFile({ fileId, url, data = '' }: Extract<InputPart, { type: 'file' }>) {
  if (fileId !== undefined) return { id: fileId };
  return url === undefined ? dataUrl(data) : { url };
}

/** Clients send a data URL or bare base64; the SDK takes only the former. */
function dataUrl(data: string): string {
  return data.startsWith('data:') ? data : `data:application/pdf;base64,${data}`;
}

/** The text of the last user message: what a workflow takes as its only input. */
export function lastUserText(items: readonly InputItem[]): string {
  const last = items.findLast((item) => item.role === 'user');
  if (last?.role !== 'user') return '';
  return last.parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
}

/** One message in OpenAI's chat form; `content` is a string but for a message with more than text. */
export type ChatMessage = {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string | readonly object[];
  readonly tool_calls?: readonly object[];
  readonly tool_call_id?: string;
};

/** The conversation as a plain `run` gets it. */
export function chatMessages(items: readonly InputItem[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const item of items) {
    const before = messages.at(-1);
    switch (item.role) {
      case 'system':
      case 'assistant':
        messages.push({ role: item.role, content: item.text });
        break;
      case 'user':
        messages.push({ role: 'user', content: chatContent(item.parts) });
        break;
      case 'tool_call': {
        // Calls belong to one message, with the text that came before them.
        const asks = before?.role === 'assistant' ? messages.pop() : undefined;
        const tool_calls = [...(asks?.tool_calls ?? []), toolCall(item)];
        messages.push({ role: 'assistant', content: asks?.content ?? '', tool_calls });
        break;
      }
      case 'tool_result':
        messages.push({ role: 'tool', tool_call_id: item.callId, content: item.text });
        break;
      case 'approval_request':
      case 'approval':
        break;
      default:
        item satisfies never;
    }
  }
  return messages;
}

function toolCall({
  callId,
  name,
  arguments: written,
}: Extract<InputItem, { role: 'tool_call' }>): object {
  return { id: callId, type: 'function', function: { name, arguments: written } };
}

function chatContent(parts: readonly InputPart[]): ChatMessage['content'] {
  const texts = parts.flatMap((part) => (part.type === 'text' ? [part.text] : []));
  return texts.length === parts.length ? texts.join('\n') : parts.map(chatPart);
}

function chatPart(part: InputPart): object {
  switch (part.type) {
    case 'text':
      return part;
    case 'image': {
      const { url, fileId, detail } = part;
      const image = fileId === undefined ? { url } : { file_id: fileId };
      return { type: 'image_url', image_url: { ...image, ...(detail ? { detail } : {}) } };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
    case 'file': {
      const { fileId, url, data, filename } = part;
      return { type: 'file', file: { file_id: fileId, file_url: url, file_data: data, filename } };
    }
    default:
      return part satisfies never;
  }
}
