import type { LastEvent } from '../protocol/run.ts';

/** Why a run failed, or waits, for its author: a sentence or two with a space before them; empty of any other end. */
export function whyEnded(last: LastEvent): string {
  if (last.type === 'interrupted') return whyWaits(last);
  if (last.type !== 'failed') return '';
  const { message, detail } = last;
  return detail ? ` ${message} ${detail.class}: ${detail.message}` : ` ${message}`;
}

function whyWaits({ approvals }: Extract<LastEvent, { type: 'interrupted' }>): string {
  const tools = [...new Set(approvals.map(({ tool }) => tool))];
  if (tools.length === 0) return ' It waits for its caller.';
  return ` It waits for a person to approve ${tools.join(', ')}.`;
}
