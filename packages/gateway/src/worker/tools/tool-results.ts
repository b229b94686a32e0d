import type { ToolOutcome } from '../../protocol/tools/gateway-tools.ts';
import type { ToolResult } from '../../protocol/worker/messages.ts';

/** What came of a gateway tool. */
export type GatewayToolAnswer = { readonly outcome: ToolOutcome; readonly text: string };

/** Joins the parts of results; `answer` gets each when it is whole. */
export function createToolResults(
  answer: (callId: string, result: GatewayToolAnswer) => void,
): (part: ToolResult, bytes: Uint8Array | null) => void {
  const parts = new Map<string, Uint8Array[]>();
  return ({ callId, outcome }, bytes) => {
    const before = parts.get(callId) ?? [];
    if (bytes) before.push(bytes);
    if (outcome === undefined) {
      parts.set(callId, before);
      return;
    }
    parts.delete(callId);
    answer(callId, { outcome, text: Buffer.concat(before).toString('utf8') });
  };
}
