import type { InputItem, RunInput } from '../../protocol/run.ts';
import { hashesOf } from '../../protocol/state/said-hashes.ts';
import type { AnswerPlace } from '../../runs/approvals/approval-types.ts';
import type { OpenTurn } from '../../runs/turns/turn-types.ts';

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

/** Where a message answers. */
export function answerPlaceOf({ items, turn }: Said): AnswerPlace {
  const conversationId = turn?.conversationId ?? null;
  const prefixHashes = conversationId === null ? hashesOf(messagesOf(items)) : [];
  return { conversationId, prefixHashes };
}

/** Instructions may be others each time. */
function messagesOf(items: readonly InputItem[]): readonly InputItem[] {
  return items.filter(({ role }) => role !== 'system');
}
