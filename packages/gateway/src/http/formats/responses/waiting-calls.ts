import type { AskedCall } from '../approvals/asked-calls.ts';
import { requestId } from '../approvals/request-id.ts';
import type { ItemsInMaking } from './items-in-making.ts';
import type { ApprovalRequestItem, FunctionCallItem } from './resource.ts';

/** What the API calls the server of a tool that asks for approval: the gateway. */
export const server_label = 'dropgate';

type ClientCall = { readonly callId: string; readonly tool: string; readonly arguments: string };

/** Calls that a run waits for, as items: of a person `mcp_approval_request`, of the caller `function_call`. */
export function createWaitingCalls({ suffix, items, room, tell }: ItemsInMaking) {
  return {
    request({ asked, tool: name, arguments: written }: AskedCall): void {
      room.add(written.length);
      const index = items.length;
      const id = requestId(asked.id);
      const type = 'mcp_approval_request';
      const item: ApprovalRequestItem = { id, type, name, arguments: written, server_label };
      items.push(item);
      tell('response.output_item.added', { output_index: index, item });
      tell('response.output_item.done', { output_index: index, item });
    },
    call({ callId: call_id, tool: name, arguments: written }: ClientCall): void {
      room.add(written.length);
      const output_index = items.length;
      const id = `fc_${suffix}_${output_index}`;
      const call = { id, type: 'function_call', call_id, name } as const;
      const item: FunctionCallItem = { ...call, status: 'completed', arguments: written };
      items.push(item);
      const begun: FunctionCallItem = { ...call, status: 'in_progress', arguments: '' };
      tell('response.output_item.added', { output_index, item: begun });
      const at = { item_id: id, output_index };
      tell('response.function_call_arguments.delta', { ...at, delta: written });
      tell('response.function_call_arguments.done', { ...at, name, arguments: written });
      tell('response.output_item.done', { output_index, item });
    },
  };
}
