import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import {
  conversationAnswer,
  conversationDeleted,
  itemAnswer,
  itemListAnswer,
} from '../../protocol/formats/openai-answers.ts';
import {
  conversationUpdate,
  newConversation,
  newItems,
} from '../../protocol/formats/openai-conversations.ts';
import { ownerOf } from '../../protocol/state/owner.ts';
import type { Conversation } from '../../protocol/state/turns.ts';
import { endBackgroundRuns } from '../background-runs.ts';
import { toInputItems } from '../formats/responses/input-items.ts';
import { itemsQuery, toItemList } from '../formats/responses/item-list.ts';
import { toWireItems } from '../formats/responses/kept-items.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

const params = z.object({ id: z.string() });
const named = { field: 'items' } as const;
const itemParams = z.object({ id: z.string(), item: z.string() });

/** Conversations that are kept, for the key that made them; also for a base URL that lacks `/v1`. */
export const conversationRoutes: readonly Route[] = ['/v1/conversations', '/conversations'].flatMap(
  (base) => [...wholes(base), ...items(`${base}/:id/items`)],
);

function wholes(base: string): Route[] {
  return [
    defineRoute({
      method: 'POST',
      url: base,
      audience: 'callers',
      summary: 'Begin a conversation, with items or without.',
      body: newConversation,
      answer: conversationAnswer,
      handle: async ({ deps, request, body }) => {
        const first = {
          items: toInputItems(body?.items ?? [], named),
          metadata: body?.metadata ?? {},
        };
        const owner = ownerOf(callerOf(request));
        return toWire(await deps.turns.conversations.create(owner, first));
      },
    }),
    defineRoute({
      method: 'GET',
      url: `${base}/:id`,
      audience: 'callers',
      summary: 'Show a conversation.',
      params,
      answer: conversationAnswer,
      handle: async ({ deps, request, params: { id } }) =>
        toWire(await deps.turns.kept.conversation(ownerOf(callerOf(request)), id)),
    }),
    defineRoute({
      method: 'POST',
      url: `${base}/:id`,
      audience: 'callers',
      summary: 'Change the metadata of a conversation.',
      params,
      body: conversationUpdate,
      answer: conversationAnswer,
      handle: async ({ deps, request, params: { id }, body }) => {
        const owner = ownerOf(callerOf(request));
        return toWire(await deps.turns.conversations.update(owner, id, body.metadata ?? {}));
      },
    }),
    defineRoute({
      method: 'DELETE',
      url: `${base}/:id`,
      audience: 'callers',
      summary: 'Delete a conversation, with all its items and responses.',
      params,
      answer: conversationDeleted,
      handle: async ({ deps, request, params: { id } }) => {
        const owner = ownerOf(callerOf(request));
        await endBackgroundRuns(request.server.backgroundRuns.inConversation(owner, id));
        await deps.turns.conversations.remove(owner, id);
        return { id, object: 'conversation.deleted' as const, deleted: true as const };
      },
    }),
  ];
}

function items(base: string): Route[] {
  return [...lists(base), ...singles(`${base}/:item`)];
}

function lists(base: string): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url: base,
      audience: 'callers',
      summary: 'List the items of a conversation.',
      params,
      query: itemsQuery,
      answer: itemListAnswer,
      handle: async ({ deps, request, params: { id }, query }) => {
        const kept = await deps.turns.kept.items(ownerOf(callerOf(request)), id);
        return toItemList(toWireItems(kept), query);
      },
    }),
    defineRoute({
      method: 'POST',
      url: base,
      audience: 'callers',
      summary: 'Add items at the end of a conversation.',
      params,
      body: newItems,
      answer: itemListAnswer,
      handle: async ({ deps, request, params: { id }, body }) => {
        const owner = ownerOf(callerOf(request));
        const added = await deps.turns.conversations.add(
          owner,
          id,
          toInputItems(body.items, named),
        );
        return toItemList(toWireItems(added), { order: 'asc', limit: 100 });
      },
    }),
  ];
}

function singles(url: string): Route[] {
  return [
    defineRoute({
      method: 'GET',
      url,
      audience: 'callers',
      summary: 'Show an item of a conversation.',
      params: itemParams,
      answer: itemAnswer,
      handle: async ({ deps, request, params: { id, item } }) => {
        const kept = await deps.turns.kept.items(ownerOf(callerOf(request)), id);
        const [found] = toWireItems(kept.filter((one) => one.id === item));
        if (found) return found;
        const message = `The conversation has no item '${item.slice(0, 64)}'.`;
        throw new GatewayError('record_not_found', message);
      },
    }),
    defineRoute({
      method: 'DELETE',
      url,
      audience: 'callers',
      summary: 'Delete an item of a conversation.',
      params: itemParams,
      answer: conversationAnswer,
      handle: async ({ deps, request, params: { id, item } }) => {
        const owner = ownerOf(callerOf(request));
        await deps.turns.conversations.removeItem(owner, id, item);
        return toWire(await deps.turns.kept.conversation(owner, id));
      },
    }),
  ];
}

function toWire({ id, createdMs, metadata }: Conversation) {
  return {
    id,
    object: 'conversation' as const,
    created_at: Math.floor(createdMs / 1000),
    metadata,
  };
}
