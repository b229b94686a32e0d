import { z } from 'zod';
import type { itemAnswer } from '../../../protocol/formats/openai-answers.ts';
import type { Inferred } from '../../../protocol/inferred.ts';

type WireItem = Inferred<typeof itemAnswer>;

/** Query of a list of items. What else clients send is left alone. */
export const itemsQuery = z.object({
  order: z.enum(['asc', 'desc']).default('desc'),
  after: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
});

/**
 * A page of items as OpenAI lists them, `items` oldest first. It begins behind the item `after`, or at the start where
 * that is not there by now.
 */
export function toItemList(
  items: readonly WireItem[],
  { order, after, limit }: z.output<typeof itemsQuery>,
) {
  const ordered = order === 'asc' ? items : items.toReversed();
  const start = ordered.findIndex(({ id }) => id === after) + 1;
  const data = ordered.slice(start, start + limit);
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < ordered.length,
  };
}
