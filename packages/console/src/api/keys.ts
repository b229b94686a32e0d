import { queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { allPages, pageLimit } from './all-pages.ts';
import { useApi } from './api-context.ts';
import type { Answer, ApiClient } from './client.ts';
import type { Api } from './schema.ts';
import { useRole } from './session.ts';

/** A key, without its secret. */
export type Key = Answer<'GET /security/keys'>['keys'][number];

/** A key to be made. */
export type NewKey = Api['POST /security/keys']['body'];

/** A key just made, with its secret. It is never put among what queries and mutations keep. */
export type MadeKey = Answer<'POST /security/keys'>;

/** Every key, ended ones included, oldest first. */
export function keysQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['keys'],
    queryFn: ({ signal }) =>
      allPages<Key>(async (after) => {
        const query = { after, limit: pageLimit };
        const { keys, next } = await api.call('GET /security/keys', { query, signal });
        return { rows: keys, next };
      }),
  });
}

/** The name of a key by its id, for whom may list keys; the id itself for anybody else. The same function as long as no key changes. */
export function useKeyNames(): (id: string) => string {
  const isAdmin = useRole() === 'admin';
  const keys = useQuery({ ...keysQuery(useApi()), enabled: isAdmin });
  const { data } = keys;
  return useMemo(() => {
    const names = new Map(data?.map(({ id, name }) => [id, name]));
    return (id) => names.get(id) ?? id;
  }, [data]);
}
