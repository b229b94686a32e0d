import { queryOptions, useQuery } from '@tanstack/react-query';
import { useApi } from './api-context.ts';
import type { ApiClient } from './client.ts';

/** Names by id of keys; those of the newest thousand. */
function keyNamesQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['keys', 'names'],
    async queryFn({ signal }): Promise<Readonly<Record<string, string>>> {
      const { keys } = await api.call('GET /security/keys', { query: { limit: 1000 }, signal });
      return Object.fromEntries(keys.map(({ id, name }) => [id, name]));
    },
  });
}

const none: Readonly<Record<string, string>> = {};

/** Names by id of keys; empty for whoever may not list them, so that ids are shown. */
export function useKeyNames(options: { readonly enabled?: boolean } = {}): typeof none {
  const { data = none } = useQuery({ ...keyNamesQuery(useApi()), ...options });
  return data;
}
