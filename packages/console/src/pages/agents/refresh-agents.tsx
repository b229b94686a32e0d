import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from '../../api/api-context.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Menu } from '../../ui/menu.tsx';
import styles from './refresh-agents.module.css';

/** Looks for changes now, or loads all agents again; says what came of it. */
export function RefreshAgents() {
  const api = useApi();
  const queries = useQueryClient();
  const refresh = useMutation({
    mutationFn: (force: boolean) =>
      api.call('POST /admin/agents/refresh', { query: force ? { force: '1' } : {} }),
    onSettled() {
      void queries.invalidateQueries({ queryKey: ['agents'] });
      void queries.invalidateQueries({ queryKey: ['errors'] });
    },
  });
  const words = text.agents.refresh;
  return (
    <div className={styles.refresh}>
      <span className={refresh.isError ? styles.failed : styles.said} role="status">
        {refresh.isError && refresh.error.message}
        {refresh.data &&
          fill(words.done, {
            loaded: refresh.data.loaded.length,
            unchanged: refresh.data.unchanged.length,
            failed: refresh.data.failed.length,
            removed: refresh.data.removed.length,
          })}
      </span>
      <Button
        icon="refresh"
        title={words.hint}
        busy={refresh.isPending}
        onClick={() => refresh.mutate(false)}
      >
        {words.now}
      </Button>
      <Menu items={[{ label: words.force, icon: 'refresh', onSelect: () => refresh.mutate(true) }]}>
        <Button icon="more" aria-label={words.menu} />
      </Menu>
    </div>
  );
}
