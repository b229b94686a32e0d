import type { InputItem, RunEvent } from '../../protocol/run.ts';
import type { KeptItem } from '../../protocol/state/turns.ts';
import type { TurnAnswer } from '../../runs/turns/turn-types.ts';

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

/** What a turn of a session keeps of a chat completion. @param text - The answer as the caller sees it. */
export function chatAnswer(
  runId: string,
  text: string,
  { reason, items: added }: Extract<RunEvent, { type: 'finished' }>,
): TurnAnswer {
  const suffix = runId.replace(/^run_/, '');
  const item = { role: 'assistant', text } as const;
  const said = text === '' ? [] : [{ id: `msg_${suffix}_0`, item }];
  const isWhole = reason === 'stop';
  return {
    id: `turn_${suffix}`,
    status: isWhole ? 'completed' : 'incomplete',
    output: keptItems(said, suffix, isWhole ? added : undefined),
    answer: text,
  };
}
