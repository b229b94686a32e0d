import { cutText } from '../cut-result.ts';
import type { OutboundAnswer } from '../outbound/safe-fetch.ts';
import { ToolError } from '../tool.ts';

/** As much of a server's own words about a failure as a model is told. */
const MAX_REASON_BYTES = 500;

/**
 * The text of an answer, which says where it was cut.
 *
 * @throws ToolError for one that is no success.
 */
export function answerText({ status, bytes, isCut }: OutboundAnswer, maxBytes: number): string {
  const text = bytes.toString('utf8');
  if (status >= 400) {
    const reason = cutText(text.trim(), MAX_REASON_BYTES);
    throw new ToolError(`The server answered with status ${status}${reason ? `: ${reason}` : '.'}`);
  }
  if (status >= 300) throw new ToolError(`The server answered with status ${status}.`);
  return isCut ? `${text}\n\n[cut: the answer is longer than ${maxBytes} bytes]` : text;
}
