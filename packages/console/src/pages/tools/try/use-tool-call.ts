import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useApi } from '../../../api/api-context.ts';

/** Calls a tool; what goes on can be stopped. */
export function useToolCall(name: string) {
  const api = useApi();
  const queries = useQueryClient();
  const running = useRef<AbortController | null>(null);
  const call = useMutation({
    mutationFn(args: Readonly<Record<string, unknown>>) {
      const abort = new AbortController();
      running.current = abort;
      return api.call('POST /admin/tools/{name}/call', {
        params: { name },
        body: { arguments: args },
        signal: abort.signal,
      });
    },
    onSettled: () => void queries.invalidateQueries({ queryKey: ['tools'] }),
  });
  return { call, stop: () => running.current?.abort() };
}
