import { useQuery } from '@tanstack/react-query';
import { useApi } from '../../../api/api-context.ts';
import { keysQuery } from '../../../api/keys.ts';
import { useRole } from '../../../api/session.ts';

/** The name of a key by its id, for whom may list keys; the id itself for anybody else. */
export function useKeyNames(): (id: string) => string {
  const isAdmin = useRole() === 'admin';
  const keys = useQuery({ ...keysQuery(useApi()), enabled: isAdmin });
  const names = new Map(keys.data?.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}
