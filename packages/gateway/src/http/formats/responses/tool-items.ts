import type { RunEvent } from '../../../protocol/run.ts';
import { activityExtension } from '../activity-line.ts';
import type { ItemsInMaking } from './items-in-making.ts';
import type { ToolItem } from './resource.ts';

type OpenCall = { readonly item: ToolItem; readonly index: number };

/** Tools that the agent calls, as `mcp_call` items. */
export function createToolItems({ suffix, items, tell }: ItemsInMaking) {
  const calls = new Map<string, OpenCall>();

  function end({ item, index }: OpenCall, error: string | null, beside = {}): void {
    const status = error === null ? 'completed' : 'failed';
    const ended: ToolItem = { ...item, status, error };
    items[index] = ended;
    tell(`response.mcp_call.${status}`, { item_id: item.id, output_index: index });
    tell('response.output_item.done', { output_index: index, item: ended, ...beside });
  }

  return {
    started(event: Extract<RunEvent, { type: 'tool_started' }>): void {
      const { callId, tool, agent } = event;
      const index = items.length;
      const item = calledTool(`mcp_${suffix}_${index}`, { tool, agent });
      items.push(item);
      calls.set(callId, { item, index });
      const x_agent = activityExtension(event);
      tell('response.output_item.added', { output_index: index, item, x_agent });
      const at = { item_id: item.id, output_index: index };
      tell('response.mcp_call.in_progress', at);
      tell('response.mcp_call_arguments.done', { ...at, arguments: item.arguments });
    },
    ended(event: Extract<RunEvent, { type: 'tool_ended' }>, said: string): void {
      const { callId, outcome } = event;
      const call = calls.get(callId);
      if (!call) return;
      calls.delete(callId);
      end(call, outcome === 'ok' ? null : said, { x_agent: activityExtension(event) });
    },
    close(): void {
      for (const call of calls.values()) end(call, `${call.item.name} was ended.`);
      calls.clear();
    },
  };
}

function calledTool(
  id: string,
  { tool, agent }: { readonly tool: string; readonly agent: string },
): ToolItem {
  return {
    id,
    type: 'mcp_call',
    status: 'in_progress',
    server_label: agent,
    name: tool,
    arguments: '{}',
    output: null,
    error: null,
    approval_request_id: null,
  };
}
