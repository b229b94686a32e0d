import type { InputItem, RunInput } from '../../protocol/run.ts';
import { hashesOf } from '../../protocol/state/said-hashes.ts';
import type { AnswerPlace } from '../../runs/approvals/approval-types.ts';
import type { OpenTurn } from '../../runs/turns/turn-types.ts';
import { answersIn } from '../formats/approvals/answer-message.ts';

type Said = { readonly items: readonly InputItem[]; readonly turn: OpenTurn | null };

/** Where a run begins. What is said there is only read where a run comes to wait: most never do. */
export function placeOf({ items, turn }: Said): NonNullable<RunInput['place']> {
  const conversationId = turn?.conversationId ?? null;
  if (conversationId !== null) return { conversationId, prefixHash: null };
  let hash: string | null = null;
  return {
    conversationId,
    get prefixHash() {
      hash ??= hashesOf(messagesOf(items)).at(-1) ?? null;
      return hash;
    },
  };
}

/**
 * Where a message answers. A code holds until something else is said: models read the codes of before, and could ask again
 * in their name for something harmless.
 */
export function answerPlaceOf({ items, turn }: Said): AnswerPlace {
  const conversationId = turn?.conversationId ?? null;
  if (conversationId !== null) return { conversationId, prefixHashes: [] };
  const messages = messagesOf(items);
  const hashes = hashesOf(messages);
  const said = messages.findLastIndex((item) => item.role === 'user' && answersIn(item) === null);
  const passed = Math.max(0, said);
  return {
    conversationId,
    prefixHashes: hashes.slice(passed),
    passedHashes: hashes.slice(0, passed),
  };
}

/** Instructions may be others each time. */
function messagesOf(items: readonly InputItem[]): readonly InputItem[] {
  return items.filter(({ role }) => role !== 'system');
}
