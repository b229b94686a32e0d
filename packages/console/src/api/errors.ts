import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient, CallOptions } from './client.ts';

/** Something that is wrong, with how often it was seen. */
export type Diagnostic = Answer<'GET /admin/agents/errors'>['errors'][number];

/** Which of them are meant. */
export type ErrorFilter = NonNullable<CallOptions<'DELETE /admin/agents/errors'>['query']>;

/** Most pages that are read one after another; the gateway keeps fewer. */
const maxPages = 50;

/** All that is wrong, newest first. */
export function errorsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['errors'],
    async queryFn({ signal }): Promise<readonly Diagnostic[]> {
      const all: Diagnostic[] = [];
      let after: string | undefined;
      for (let page = 0; page < maxPages; page += 1) {
        const { errors, next } = await api.call('GET /admin/agents/errors', {
          query: { after, limit: 1000 },
          signal,
        });
        all.push(...errors);
        if (next === null) break;
        after = next;
      }
      return all;
    },
  });
}
