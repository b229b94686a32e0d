import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from '../../api/api-context.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import styles from './tools-page.module.css';

/** Reads the settings of the tools again, and asks servers which they have. */
export function RefreshTools() {
  const api = useApi();
  const queries = useQueryClient();
  const refresh = useMutation({
    mutationFn: () => api.call('POST /admin/tools/refresh'),
    onSettled: () => void queries.invalidateQueries({ queryKey: ['tools'] }),
  });
  return (
    <>
      <span className={refresh.isError ? styles.bad : styles.soft} role="status">
        {refresh.isError && refresh.error.message}
        {refresh.data && fill(text.tools.refreshed, { count: refresh.data.tools.length })}
        {refresh.data?.warnings.map(({ message }) => ` ${message}`)}
      </span>
      <Button icon="refresh" busy={refresh.isPending} onClick={() => refresh.mutate()}>
        {text.tools.refresh}
      </Button>
    </>
  );
}
