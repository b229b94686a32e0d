import type { InputItem, RunEvent } from '../../protocol/run.ts';
import type { KeptItem } from '../../protocol/state/turns.ts';
import type { TurnAnswer } from '../../runs/turns/turn-types.ts';
import type { Interrupted } from './approvals/asked-calls.ts';
import { requestId } from './approvals/request-id.ts';

/** A text of an answer, under its id. */
export type KeptText = KeptItem & {
  readonly item: Extract<InputItem, { readonly role: 'assistant' }>;
};

/**
 * What the next turn knows of an answer: its texts, or all that the agent added where its tools took part.
 *
 * @param said - The texts that the caller sees.
 * @param added - What the agent added; absent where that is not known.
 */
export function keptItems(
  said: readonly KeptText[],
  suffix: string,
  added?: readonly InputItem[],
): readonly KeptItem[] {
  if (!added?.some(({ role }) => role === 'tool_call')) return said;
  const left = [...said];
  return added.map((item, index) => {
    if (item.role !== 'assistant') return { id: `own_${suffix}_${index}`, item, isOwn: true };
    const at = left.findIndex((one) => one.item.text.trim() === item.text.trim());
    const [shown] = at === -1 ? [] : left.splice(at, 1);
    return { id: shown?.id ?? `msg_${suffix}_o${index}`, item };
  });
}

/**
 * What the next turn knows of calls that a run waits for: of those that a person is asked about, that there are some.
 *
 * @param firstAt - Where in its answer the first of the caller's calls stands.
 */
export function waitingItems(
  { approvals, clientCalls = [] }: Interrupted,
  { suffix, firstAt = 0 }: { readonly suffix: string; readonly firstAt?: number },
): readonly KeptItem[] {
  const calls = clientCalls.map(({ callId, tool: name, arguments: written }, index) => ({
    id: `fc_${suffix}_${firstAt + index}`,
    item: { role: 'tool_call' as const, callId, name, arguments: written },
  }));
  const requests = approvals.map(({ asked, tool: name, arguments: written }) => {
    const approvalId = asked?.id ?? '';
    const item = { role: 'approval_request' as const, approvalId, name, arguments: written };
    return { id: requestId(approvalId), item };
  });
  return [...calls, ...requests];
}

/**
 * What a turn of a session keeps of a chat completion.
 *
 * @param text - The answer as the caller sees it, up to what is asked of a person.
 * @param asked - What is asked: of the conversation no part that an agent is to know.
 */
export function chatAnswer(
  runId: string,
  text: string,
  event: Extract<RunEvent, { type: 'finished' | 'interrupted' }>,
  asked = '',
): TurnAnswer {
  const suffix = runId.replace(/^run_/, '');
  const item = { role: 'assistant', text } as const;
  const said = text === '' ? [] : [{ id: `msg_${suffix}_0`, item }];
  const isWhole = event.type === 'interrupted' || event.reason === 'stop';
  const waiting = event.type === 'interrupted' ? waitingItems(event, { suffix }) : [];
  return {
    id: `turn_${suffix}`,
    status: isWhole ? 'completed' : 'incomplete',
    output: [...keptItems(said, suffix, isWhole ? event.items : undefined), ...waiting],
    answer: `${text}${asked}`,
  };
}
