import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useApi } from '../../api/api-context.ts';
import { type Approval, approvalsQuery } from '../../api/approvals.ts';
import { text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data/data-table.tsx';
import { Time } from '../../ui/data/time.tsx';
import { Select } from '../../ui/field.tsx';
import { Card, Toolbar } from '../../ui/page.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { AgentFilter } from './agent-filter.tsx';
import { ApprovalDetail } from './approval-detail.tsx';
import { ApprovalStatus } from './approval-status.tsx';
import styles from './approvals.module.css';
import { type ApprovalsSearch, answeredStatuses } from './approvals-search.ts';
import { useAnswers } from './use-answers.ts';
import { type Names, useNames } from './use-names.ts';

const words = text.approvals;

type AnsweredProps = {
  readonly search: ApprovalsSearch;
  readonly onChange: (more: Partial<ApprovalsSearch>) => void;
  readonly onOpen: (id: string) => void;
};

/** Calls that were answered, or that nobody answers any more. */
export function AnsweredCalls({ search, onChange, onOpen }: AnsweredProps) {
  const { status, agent } = search;
  const query = useInfiniteQuery(approvalsQuery(useApi(), { status, agent }));
  const names = useNames();
  const answers = useAnswers();
  const columns = useMemo(() => answeredColumns(names), [names]);
  const all = query.data?.pages.flatMap(({ approvals }) => approvals) ?? [];
  const calls = all.filter((call) => call.status !== 'pending');
  return (
    <>
      <Toolbar>
        <Select
          aria-label={words.status}
          value={status ?? ''}
          onChange={(value) => onChange({ status: value === '' ? undefined : value })}
          options={[
            { value: '', label: words.anyStatus },
            ...answeredStatuses.map((value) => ({ value, label: words.statuses[value] })),
          ]}
        />
        <AgentFilter value={agent} calls={all} onChange={(value) => onChange({ agent: value })} />
        {(status || agent) && (
          <Button
            variant="ghost"
            icon="close"
            onClick={() => onChange({ status: undefined, agent: undefined })}
          >
            {words.clear}
          </Button>
        )}
      </Toolbar>
      <div className={styles.inbox}>
        <QueryView query={query} skeleton={<Skeleton rows={6} height={40} />}>
          {() =>
            calls.length === 0 ? (
              <EmptyState
                icon="approvals"
                title={status || agent ? words.noneFits : words.noneAnswered}
              />
            ) : (
              <Card flush>
                <DataTable
                  label={words.answeredTable}
                  rows={calls}
                  columns={columns}
                  rowKey={({ id }) => id}
                  onOpen={({ id }) => onOpen(id)}
                  selected={search.id}
                  onEnd={() => query.hasNextPage && void query.fetchNextPage()}
                />
              </Card>
            )
          }
        </QueryView>
        {(search.id || calls.length > 0) && <ApprovalDetail id={search.id} answers={answers} />}
      </div>
    </>
  );
}

function answeredColumns({ key }: Names): readonly Column<Approval>[] {
  const titles = words.columns;
  return [
    {
      id: 'tool',
      title: titles.tool,
      width: 'minmax(70px, 1fr)',
      render: ({ tool }) => <strong title={tool}>{tool}</strong>,
    },
    {
      id: 'agent',
      title: titles.agent,
      width: 'minmax(70px, 1fr)',
      render: ({ agent_id }) => <span title={agent_id}>{agent_id}</span>,
    },
    {
      id: 'status',
      title: titles.status,
      width: '102px',
      render: ({ status }) => <ApprovalStatus status={status} />,
    },
    {
      id: 'by',
      title: titles.by,
      width: 'minmax(56px, 0.7fr)',
      isWideOnly: true,
      render: ({ answered_by }) => (answered_by === null ? '–' : key(answered_by)),
    },
    {
      id: 'reason',
      title: titles.reason,
      width: 'minmax(60px, 1.2fr)',
      isWideOnly: true,
      render: ({ reason }) => <span title={reason ?? undefined}>{reason ?? '–'}</span>,
    },
    {
      id: 'at',
      title: titles.at,
      width: '70px',
      align: 'end',
      isWideOnly: true,
      render: ({ answered_at, expires_at }) => <Time at={answered_at ?? expires_at} />,
    },
  ];
}
