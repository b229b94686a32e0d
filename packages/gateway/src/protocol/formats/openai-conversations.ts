import { z } from 'zod';
import { metadata } from './openai-fields.ts';
import { responsesItemSchema } from './responses-input.ts';

/** Most items that are added at once. */
const items = z.array(responsesItemSchema).max(20);

/** Body of `POST /v1/conversations`. */
export const newConversation = z
  .object({ items: items.nullish(), metadata: metadata.nullish() })
  .nullish();

/** Body of `POST /v1/conversations/{id}`. */
export const conversationUpdate = z.object({ metadata: metadata.nullish() });

/** Body of `POST /v1/conversations/{id}/items`. */
export const newItems = z.object({ items: items.min(1) });
