import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';

/** The versions of an agent that are kept, newest first. */
export type Generations = Answer<'GET /admin/agents/generations'>;

/** One kept version. */
export type Generation = Generations['generations'][number];

/** What became of the agents when they were looked for. */
export type RefreshReport = Answer<'POST /admin/agents/refresh'>;

/** The kept versions of one agent. */
export function generationsQuery(api: ApiClient, agent: string) {
  return queryOptions({
    queryKey: ['agents', 'generations', agent],
    queryFn: ({ signal }) =>
      api.call('GET /admin/agents/generations', { query: { agent }, signal }),
  });
}
