import type { AskedCall } from './asked-calls.ts';
import { askedText } from './asked-text.ts';

/** What is asked of a person, as it follows the text of its run; empty where nothing is. */
export function waitingText({
  asked,
  isFirst,
  waitingRunId,
}: {
  readonly asked: readonly AskedCall[];
  /** Whether no text of the run comes before it. */
  readonly isFirst: boolean;
  readonly waitingRunId: string;
}): string {
  if (asked.length === 0) return '';
  return `${isFirst ? '' : '\n\n'}${askedText(asked, waitingRunId)}`;
}
