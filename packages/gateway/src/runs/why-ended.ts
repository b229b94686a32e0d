import type { LastEvent } from '../protocol/run.ts';

/** Why a run failed, for its author: a sentence or two with a space before them; empty of any other end. */
export function whyEnded(last: LastEvent): string {
  if (last.type !== 'failed') return '';
  const { message, detail } = last;
  return detail ? ` ${message} ${detail.class}: ${detail.message}` : ` ${message}`;
}
