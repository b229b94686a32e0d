import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { keysQuery } from '../../../api/keys.ts';
import type { Decision, DecisionFilters } from '../../../api/security.ts';
import { useRole } from '../../../api/session.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Card } from '../../../ui/page.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../../ui/states.tsx';
import { type SecuritySearch, useSecuritySearch } from '../search.ts';
import { DecisionFiltersBar } from './decision-filters.tsx';
import { DecisionTable } from './decision-table.tsx';
import styles from './decisions.module.css';
import { filtersOf, hidesAdministration, isAllowedAdministration } from './filters.ts';
import { type DecisionLog, useDecisionLog } from './use-decision-log.ts';
import { WhyDialog } from './why-dialog.tsx';

const names = text.security.decisions;

/** What was answered, newest first; new ones come by themselves. */
export function DecisionsTab() {
  const { search, change } = useSecuritySearch();
  const filters = useFilters(search);
  const log = useDecisionLog(useApi(), filters);
  const hides = hidesAdministration(search);
  const visible = useVisible(log, hides);
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  return (
    <div className={styles.tab}>
      <DecisionFiltersBar />
      <Card
        flush
        title={names.list}
        actions={<span className={styles.soft}>{hides ? names.liveWithout : names.live}</span>}
      >
        {visible === null ? (
          <div className={styles.place}>
            {log.error ? (
              <ErrorPanel
                error={log.error}
                deniedTitle={text.security.refused.decisions}
                onRetry={log.retry}
              />
            ) : (
              <Skeleton rows={8} />
            )}
          </div>
        ) : (
          <List
            decisions={visible}
            isFiltered={isFiltered}
            selected={search.decision}
            onOpen={(decision) => change({ decision })}
            log={log}
          />
        )}
      </Card>
      <WhyDialog
        id={search.decision}
        decisions={log.decisions}
        onClose={() => change({ decision: '' }, { replace: true })}
      />
    </div>
  );
}

/** The filters, the same ones as long as the address says the same: a time that goes on would begin the list anew. */
function useFilters({ decision: _, ...search }: SecuritySearch): DecisionFilters {
  const isAdmin = useRole() === 'admin';
  const { data: keys } = useQuery({ ...keysQuery(useApi()), enabled: isAdmin });
  // Decisions know keys by their ids, people by their names; of two of a name the newest is meant.
  const key = keys?.findLast(({ name }) => name === search.key)?.id ?? search.key;
  const written = JSON.stringify({ ...search, key });
  return useMemo(() => filtersOf(JSON.parse(written) as SecuritySearch), [written]);
}

/** How many are looked for at least, and in how many pages beyond the newest: administration may fill any of them. */
const wantedRows = 30;
const maxSearched = 10;

/** The decisions that are shown; null until the first are there. More are read until there is something to show. */
function useVisible(log: DecisionLog, hides: boolean): readonly Decision[] | null {
  const { decisions, hasOlder, isReadingOlder, readOlder } = log;
  const searched = useRef(0);
  const visible = useMemo(
    () =>
      hides ? (decisions?.filter((each) => !isAllowedAdministration(each)) ?? null) : decisions,
    [decisions, hides],
  );
  const isShort = visible !== null && visible.length < wantedRows;
  useEffect(() => {
    if (!hides || !isShort || !hasOlder || isReadingOlder || searched.current >= maxSearched)
      return;
    searched.current += 1;
    readOlder();
  });
  return visible;
}

function List(props: {
  readonly decisions: readonly Decision[];
  readonly isFiltered: boolean;
  readonly selected: string | undefined;
  readonly onOpen: (id: string) => void;
  readonly log: DecisionLog;
}) {
  const { decisions, isFiltered, selected, onOpen, log } = props;
  if (decisions.length === 0 && !log.hasOlder) {
    return (
      <EmptyState icon="security" title={isFiltered ? names.none : names.noneYet}>
        <p>{isFiltered ? names.noneHint : names.noneYetHint}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <DecisionTable
        decisions={decisions}
        selected={selected}
        onOpen={onOpen}
        onEnd={log.readOlder}
      />
      <footer className={styles.foot}>
        {log.error ? <ErrorPanel error={log.error} onRetry={log.retry} /> : null}
        {log.hasOlder ? (
          <Button size="small" variant="ghost" busy={log.isReadingOlder} onClick={log.readOlder}>
            {log.isReadingOlder ? names.loadingMore : names.older}
          </Button>
        ) : (
          <span className={styles.soft}>{names.end}</span>
        )}
      </footer>
    </>
  );
}
