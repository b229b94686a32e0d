import type { WorkerAnswer } from '../protocol/pool.ts';
import { toolPieceBytes } from '../protocol/worker/frame-limits.ts';
import type { ToolResult } from '../protocol/worker/messages.ts';

/** The way to a worker, as far as results go. */
type Line = {
  readonly send: (message: ToolResult, bytes?: Uint8Array) => void;
};

/** Sends a result in pieces, between which other messages leave. */
export function sendToolResult(
  line: Line,
  callId: string,
  { outcome, text }: Extract<WorkerAnswer, { type: 'tool' }>,
): void {
  const bytes = Buffer.from(text);
  const sendFrom = (start: number) => {
    const piece = bytes.subarray(start, start + toolPieceBytes);
    const end = start + piece.length;
    const isLast = end === bytes.length;
    const part: ToolResult = { type: 'tool_result', callId, ...(isLast ? { outcome } : {}) };
    line.send(part, piece.length > 0 ? piece : undefined);
    if (!isLast) setImmediate(sendFrom, end);
  };
  sendFrom(0);
}
