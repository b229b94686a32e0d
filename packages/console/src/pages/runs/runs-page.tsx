import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useRef } from 'react';
import { useKeyNames } from '../../api/keys.ts';
import type { RunFilters } from '../../api/runs.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { DataTable } from '../../ui/data/data-table.tsx';
import { Page } from '../../ui/page.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/states.tsx';
import { runColumns } from './list/run-columns.tsx';
import { RunFilterBar } from './list/run-filters.tsx';
import type { RunRow } from './list/run-list.ts';
import { type ShownRuns, useRunList } from './list/use-run-list.ts';
import styles from './runs.module.css';

/** Every run that the key may see, newest first. */
export function RunsPage() {
  const filters = useSearch({ from: '/runs' });
  const navigate = useNavigate();
  const change = (search: RunFilters) => void navigate({ to: '/runs', search, replace: true });
  return (
    <Page title={text.runs.title} lead={text.runs.lead} fills>
      <RunFilterBar filters={filters} onChange={change} />
      <Runs key={JSON.stringify(filters)} filters={filters} onClear={() => change({})} />
    </Page>
  );
}

function Runs({
  filters,
  onClear,
}: {
  readonly filters: RunFilters;
  readonly onClear: () => void;
}) {
  const runs = useRunList(filters);
  if (!runs.rows) {
    return runs.error ? (
      <ErrorPanel error={runs.error} onRetry={runs.retry} />
    ) : (
      <div className={styles.table}>
        <Skeleton rows={12} height={31} />
      </div>
    );
  }
  if (runs.rows.length > 0) return <RunTable runs={runs} rows={runs.rows} />;
  return Object.keys(filters).length > 0 ? (
    <EmptyState icon="filter" title={text.runs.noneFits}>
      <p>{text.runs.noneFitsHint}</p>
      <div>
        <Button onClick={onClear}>{text.runs.filters.clear}</Button>
      </div>
    </EmptyState>
  ) : (
    <EmptyState icon="runs" title={text.runs.none}>
      <p>{text.runs.noneHint}</p>
      <Link to="/playground">{text.runs.toPlayground}</Link>
    </EmptyState>
  );
}

function RunTable({ runs, rows }: { readonly runs: ShownRuns; readonly rows: readonly RunRow[] }) {
  const navigate = useNavigate();
  const keyName = useKeyNames();
  const scroller = useRef<HTMLDivElement>(null);
  const columns = useMemo(() => runColumns(keyName), [keyName]);
  const open = useCallback(
    ({ id }: RunRow) => void navigate({ to: '/runs/$id', params: { id } }),
    [navigate],
  );
  const { newer } = runs;
  const count = `${newer.count}${newer.isMore ? '+' : ''}`;
  return (
    <div className={styles.table}>
      {runs.error ? <ErrorPanel error={runs.error} onRetry={runs.retry} /> : null}
      <div className={styles.newer} role="status">
        {newer.count > 0 && (
          <Button
            variant="primary"
            size="small"
            onClick={() => scroller.current?.scrollTo({ top: 0 })}
          >
            {count === '1' ? text.runs.oneNewRun : fill(text.runs.newRuns, { count })}
          </Button>
        )}
      </div>
      <DataTable
        label={text.runs.table}
        rows={rows}
        columns={columns}
        rowKey={rowKey}
        onOpen={open}
        onSeen={runs.onSeen}
        scroller={scroller}
        maxHeight="100%"
      />
    </div>
  );
}

function rowKey({ id }: RunRow): string {
  return id;
}
