import { z } from 'zod';
import { itemsQuery, toItemList } from '../formats/responses/item-list.ts';
import { toWireItem } from '../formats/responses/kept-items.ts';
import { callerOf, defineRoute, type Route } from '../route.ts';

const params = z.object({ id: z.string() });

/** Responses that are kept, for the key that asked for them; also for a base URL that lacks `/v1`. */
export const responseRoutes: readonly Route[] = ['/v1/responses', '/responses'].flatMap((base) => [
  defineRoute({
    method: 'GET',
    url: `${base}/:id`,
    audience: 'callers',
    summary: 'Show a response that is kept.',
    params,
    handle: async ({ deps, request, reply, params: { id } }) => {
      const { answer } = await deps.turns.kept.turn(callerOf(request).keyId, id);
      return reply.type('application/json; charset=utf-8').send(answer);
    },
  }),
  defineRoute({
    method: 'GET',
    url: `${base}/:id/input_items`,
    audience: 'callers',
    summary: 'List what a kept response was asked, without what came before.',
    params,
    query: itemsQuery,
    handle: async ({ deps, request, params: { id }, query }) => {
      const { input } = await deps.turns.kept.turn(callerOf(request).keyId, id);
      return toItemList(input.map(toWireItem), query);
    },
  }),
  defineRoute({
    method: 'DELETE',
    url: `${base}/:id`,
    audience: 'callers',
    summary: 'Delete a kept response. A conversation that it was a turn of keeps its items.',
    params,
    handle: async ({ deps, request, params: { id } }) => {
      await deps.turns.kept.removeTurn(callerOf(request).keyId, id);
      return { id, object: 'response', deleted: true };
    },
  }),
]);
