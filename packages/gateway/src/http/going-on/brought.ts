import type { InputItem } from '../../protocol/run.ts';
import type { ClientResult } from '../../runs/approvals/approval-types.ts';
import { type AnswerMessage, answersIn } from '../formats/approvals/answer-message.ts';

type ApprovalItem = Extract<InputItem, { readonly role: 'approval' }>;
type ResultItem = Extract<InputItem, { readonly role: 'tool_result' }>;

/** What a request brings for a run that waits: answers by the ids of calls, or by codes; results of the caller's own tools. */
export type Brought =
  | {
      readonly type: 'answers';
      readonly answers: readonly ApprovalItem[];
      readonly results: readonly ResultItem[];
    }
  | { readonly type: 'codes'; readonly message: AnswerMessage }
  | { readonly type: 'results'; readonly results: readonly ResultItem[] };

/** What the end of a conversation brings; null where it is a message like any other. */
export function broughtIn(items: readonly InputItem[]): Brought | null {
  const end = items.slice(items.findLastIndex(({ role }) => !isOfEnd(role)) + 1);
  const answers = end.filter((item) => item.role === 'approval');
  const results = end.filter((item) => item.role === 'tool_result');
  if (answers.length > 0) return { type: 'answers', answers, results };
  if (results.length > 0) return { type: 'results', results };
  const message = answersIn(items.at(-1));
  return message ? { type: 'codes', message } : null;
}

function isOfEnd(role: InputItem['role']): boolean {
  return role === 'approval' || role === 'tool_result' || role === 'tool_call';
}

/** Results as whoever waits for them takes them. */
export function toResults(results: readonly ResultItem[]): ClientResult[] {
  return results.map(({ callId, text }) => ({ callId, text }));
}
