import type { itemAnswer } from '../../../protocol/formats/openai-answers.ts';
import type { Inferred } from '../../../protocol/inferred.ts';
import type { InputItem, InputPart } from '../../../protocol/run.ts';
import type { KeptItem } from '../../../protocol/state/turns.ts';
import { requestId } from '../approvals/request-id.ts';
import { keptItems } from '../kept-answer.ts';
import type { OutputItem } from './resource.ts';
import { server_label } from './waiting-calls.ts';

/**
 * What the next turn knows of an answer.
 *
 * @param added - What the agent added, its own tools too; where that is not known, the texts of the answer.
 */
export function toKeptItems(
  items: readonly OutputItem[],
  suffix: string,
  added?: readonly InputItem[],
): readonly KeptItem[] {
  const said = items.flatMap((item) => {
    if (item.type !== 'message') return [];
    const text = item.content.map((part) => part.text).join('');
    return text === '' ? [] : [{ id: item.id, item: { role: 'assistant' as const, text } }];
  });
  return keptItems(said, suffix, added);
}

/** Kept items as the Responses API tells them, without what is the agent's own. */
export function toWireItems(items: readonly KeptItem[]) {
  return items.filter(({ isOwn }) => !isOwn).map(toWireItem);
}

/** A kept item as the Responses API tells it. */
function toWireItem({ id, item }: KeptItem): Inferred<typeof itemAnswer> {
  const status = 'completed';
  switch (item.role) {
    case 'user':
      return { id, type: 'message', status, role: 'user', content: item.parts.map(toWirePart) };
    case 'system':
      return { id, type: 'message', status, role: 'system', content: [inputText(item.text)] };
    case 'assistant': {
      const content = [{ type: 'output_text', text: item.text, annotations: [], logprobs: [] }];
      return { id, type: 'message', status, role: 'assistant', content };
    }
    case 'tool_call': {
      const { callId: call_id, name, arguments: written } = item;
      return { id, type: 'function_call', status, call_id, name, arguments: written };
    }
    case 'tool_result': {
      const { callId: call_id, text: output } = item;
      return { id, type: 'function_call_output', status, call_id, output };
    }
    case 'approval_request': {
      const { name, arguments: written } = item;
      return { id, type: 'mcp_approval_request', name, arguments: written, server_label };
    }
    case 'approval': {
      const { approvalId, approve, reason = null } = item;
      const approval_request_id = requestId(approvalId);
      return { id, type: 'mcp_approval_response', approval_request_id, approve, reason };
    }
    default:
      return item satisfies never;
  }
}

function toWirePart(part: InputPart): Readonly<Record<string, unknown>> {
  switch (part.type) {
    case 'text':
      return inputText(part.text);
    case 'image': {
      const { url = null, fileId = null, detail = 'auto' } = part;
      return { type: 'input_image', image_url: url, file_id: fileId, detail };
    }
    case 'audio':
      return { type: 'input_audio', input_audio: { data: part.data, format: part.format } };
    case 'file': {
      const { url, fileId, data, filename } = part;
      return { type: 'input_file', file_url: url, file_id: fileId, file_data: data, filename };
    }
    default:
      return part satisfies never;
  }
}

function inputText(text: string) {
  return { type: 'input_text', text };
}
