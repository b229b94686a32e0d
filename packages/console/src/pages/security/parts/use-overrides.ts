import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from '../../../api/api-context.ts';
import type { NewOverride } from '../../../api/security.ts';

/** What an override changes when it begins and when it ends. */
const changed = ['overrides', 'rules', 'matrix'];

/** Reads anew what overrides change. */
export function useOverridesChanged(): () => void {
  const queries = useQueryClient();
  return () => {
    for (const name of changed) void queries.invalidateQueries({ queryKey: [name] });
  };
}

/** Makes an override. */
export function useMakeOverride() {
  const api = useApi();
  return useMutation({
    mutationFn: (body: NewOverride) => api.call('POST /security/override', { body }),
    onSuccess: useOverridesChanged(),
  });
}

/** Ends an override by its id. */
export function useEndOverride() {
  const api = useApi();
  return useMutation({
    mutationFn: (id: string) => api.call('DELETE /security/overrides/{id}', { params: { id } }),
    onSettled: useOverridesChanged(),
  });
}
