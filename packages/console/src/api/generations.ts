import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';

/** The versions of an agent that are kept, newest first. */
export type Generations = Answer<'GET /admin/agents/generations'>;

/** One kept version. */
export type Generation = Generations['generations'][number];

/** The kept versions of one agent. */
export function generationsQuery(api: ApiClient, agent: string) {
  return queryOptions({
    queryKey: ['agents', 'generations', agent],
    queryFn: ({ signal }) =>
      api.call('GET /admin/agents/generations', { query: { agent }, signal }),
  });
}
