import { GatewayError } from '../../../errors.ts';
import type { ResponsesItem } from '../../../protocol/formats/responses-input.ts';
import type { InputItem, InputPart } from '../../../protocol/run.ts';
import { approvalIdOf } from '../approvals/request-id.ts';
import { contentText } from '../content-text.ts';
import { given } from '../given.ts';

type Message<Role extends string> = Extract<ResponsesItem, { role: Role }>;
type UserPart = Exclude<Message<'user'>['content'], string>[number];

/** What items that are kept stand for, by their ids. */
export type Referred = ReadonlyMap<string, readonly InputItem[]>;

/** Ids of the items that `input` refers to. */
export function referencesIn(input: string | readonly ResponsesItem[]): string[] {
  if (typeof input === 'string') return [];
  return input.flatMap((item) =>
    item.type === 'item_reference' && !isRequest(item.id) ? [item.id] : [],
  );
}

/** Whether it is the id of a request for approval: no agent is told of those. */
function isRequest(id: string): boolean {
  return id.startsWith('mcpr_');
}

/** How items are taken. */
type Taking = {
  /** Has each item that the input refers to. */
  readonly referred?: Referred | undefined;
  readonly late?: LateResults;
  /** The field of the request that has them. Default: `input`. */
  readonly field?: 'input' | 'items';
};

/**
 * The conversation that `input` is. Empty answers are left out, and so is what servers said of their own work.
 *
 * @throws GatewayError `invalid_value` where a tool call has no result, or a result no call: no model takes them.
 */
export function toInputItems(
  input: string | readonly ResponsesItem[],
  { referred = new Map(), late = 'refused', field = 'input' }: Taking = {},
): InputItem[] {
  if (typeof input === 'string') return [{ role: 'user', parts: [{ type: 'text', text: input }] }];
  const calls: Calls = { open: new Map(), known: new Set(), late, field };
  const items = input.flatMap((item, index) =>
    item.type === 'item_reference' ? (referred.get(item.id) ?? []) : toItem(item, index, calls),
  );
  for (const [callId, name] of calls.open) {
    throw new GatewayError(
      'invalid_value',
      `Invalid value for '${field}': the call of ${name} (${callId}) has no result. Send its function_call_output too, or leave the call out.`,
      { param: field },
    );
  }
  return items;
}

/** Whether results may be of calls that came before the input; such a result has an empty name. */
export type LateResults = 'refused' | 'taken';

/** `open`: those without a result so far, name by call id; `known`: ids of all others. */
type Calls = {
  readonly open: Map<string, string>;
  readonly known: Set<string>;
  readonly late: LateResults;
  readonly field: string;
};

function toItem(item: ResponsesItem, index: number, calls: Calls): InputItem[] {
  if ('role' in item) return toMessage(item);
  switch (item.type) {
    case 'function_call': {
      const { call_id: callId, name, arguments: written } = item;
      calls.open.set(callId, name);
      return [{ role: 'tool_call', callId, name, arguments: written }];
    }
    case 'function_call_output': {
      const { call_id: callId, output } = item;
      const name = calls.open.get(callId) ?? (calls.late === 'taken' ? '' : undefined);
      if (name === undefined || calls.known.has(callId))
        throw noCall(`${calls.field}[${index}].call_id`);
      calls.open.delete(callId);
      calls.known.add(callId);
      return [{ role: 'tool_result', callId, name, text: contentText(output) }];
    }
    case 'mcp_approval_response': {
      const { approval_request_id: id, approve, reason, always } = item;
      const why = reason ? { reason } : {};
      const longer = always ? { always } : {};
      return [{ role: 'approval', approvalId: approvalIdOf(id), approve, ...why, ...longer }];
    }
    default:
      return [];
  }
}

function noCall(param: string): GatewayError {
  return new GatewayError(
    'invalid_value',
    `Invalid value for '${param}': no call before it waits for this result. Send the function_call too, or leave the result out.`,
    { param },
  );
}

function toMessage(item: Extract<ResponsesItem, { role: string }>): InputItem[] {
  switch (item.role) {
    case 'user':
      return [{ role: 'user', parts: toParts(item.content) }];
    case 'system':
    case 'developer':
      return [{ role: 'system', text: contentText(item.content) }];
    case 'assistant': {
      const text = contentText(item.content);
      return text === '' ? [] : [{ role: 'assistant', text }];
    }
    default:
      return item satisfies never;
  }
}

function toParts(content: string | readonly UserPart[]): InputPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content.map(toPart);
}

function toPart(part: UserPart): InputPart {
  switch (part.type) {
    case 'text':
    case 'input_text':
      return { type: 'text', text: part.text };
    case 'input_image': {
      const { image_url: url, file_id: fileId, detail } = part;
      return { type: 'image', ...(fileId ? { fileId } : given({ url })), ...given({ detail }) };
    }
    case 'input_audio':
      return { type: 'audio', data: part.input_audio.data, format: part.input_audio.format };
    case 'input_file': {
      const { file_id: fileId, file_url: url, file_data: data, filename } = part;
      const held = fileId ? { fileId } : url ? { url } : given({ data });
      return { type: 'file', ...held, ...given({ filename }) };
    }
    default:
      return part satisfies never;
  }
}
