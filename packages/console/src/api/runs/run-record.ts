import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from '../client.ts';

/** A step of a run, with what it held where that is kept. */
export type RecordedStep = Answer<'GET /admin/runs/{id}'>['steps'][number];

/** The steps of runs with what they held; each such reading is kept as a decision, so nothing reads it anew by itself. */
export function runContentsQuery(api: ApiClient, runIds: readonly string[]) {
  return queryOptions({
    queryKey: ['run-contents', ...runIds],
    staleTime: Infinity,
    async queryFn({ signal }): Promise<readonly RecordedStep[]> {
      const call = (id: string) =>
        api.call('GET /admin/runs/{id}', { params: { id }, query: { contents: 'true' }, signal });
      const runs = await Promise.all(runIds.map(call));
      return runs.flatMap(({ steps }) => steps);
    },
  });
}

/** What runs cost in US dollars; null where nobody knows the price of any call. */
export function runCostQuery(api: ApiClient, runIds: readonly string[]) {
  return queryOptions({
    queryKey: ['runs', 'cost', ...runIds],
    async queryFn({ signal }): Promise<number | null> {
      const call = (id: string) =>
        api.call('GET /admin/runs/{id}', { params: { id }, query: { limit: 1 }, signal });
      const runs = await Promise.all(runIds.map(call));
      const costs = runs.flatMap(({ run }) => (run.cost_usd === null ? [] : [run.cost_usd]));
      return costs.length === 0 ? null : costs.reduce((sum, cost) => sum + cost, 0);
    },
  });
}
