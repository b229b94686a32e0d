import type { RunNews } from './run-news.ts';

/** What `x_agent` tells of a call of a tool. */
export type ToolExtension =
  | {
      readonly type: 'tool_started';
      readonly name: string;
      readonly call_id: string;
      readonly agent: string;
      readonly provenance: string;
    }
  | {
      readonly type: 'tool_ended';
      readonly call_id: string;
      readonly outcome: string;
      readonly duration_ms: number;
    };

/** The same in no format of the wire. */
export function toolNews(extension: ToolExtension): RunNews {
  if (extension.type === 'tool_ended') {
    const { call_id: callId, outcome, duration_ms: durationMs } = extension;
    return { type: 'tool_ended', callId, outcome, durationMs };
  }
  const { call_id: callId, name, agent, provenance } = extension;
  return { type: 'tool_started', callId, name, agent, provenance };
}
