import { useMemo } from 'react';
import type { Approval } from '../../api/approvals.ts';
import { fill, text } from '../../strings/text.ts';
import { type Column, DataTable } from '../../ui/data/data-table.tsx';
import { Time } from '../../ui/data/time.tsx';
import { Checkbox } from '../../ui/field.tsx';
import { Card, Toolbar } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { AgentFilter } from './agent-filter.tsx';
import { AnswerForm } from './answer-form.tsx';
import { ApprovalDetail } from './approval-detail.tsx';
import styles from './approvals.module.css';
import type { ApprovalsSearch } from './approvals-search.ts';
import { Countdown } from './countdown.tsx';
import type { Answers } from './use-answers.ts';

const words = text.approvals;

type WaitingProps = {
  readonly calls: readonly Approval[];
  readonly search: ApprovalsSearch;
  readonly answers: Answers;
  /** Ids of the calls that are to be answered together. */
  readonly chosen: ReadonlySet<string>;
  readonly onChoose: (chosen: ReadonlySet<string>) => void;
  readonly onChange: (more: Partial<ApprovalsSearch>) => void;
  readonly onOpen: (id: string) => void;
  readonly onEnd: () => void;
};

/** Calls that wait, one of which or several are answered. */
export function WaitingCalls(props: WaitingProps) {
  const { calls, search, answers, chosen, onChoose, onChange, onOpen, onEnd } = props;
  const marked = calls.filter(({ id }) => chosen.has(id));
  const columns = useMemo(() => waitingColumns(chosen, onChoose), [chosen, onChoose]);
  return (
    <>
      {(calls.length > 0 || search.agent) && (
        <Toolbar>
          <Checkbox
            label={words.chooseAll}
            checked={marked.length > 0 && marked.length === calls.length}
            onChange={({ target }) =>
              onChoose(new Set(target.checked ? calls.map(({ id }) => id) : []))
            }
          />
          <AgentFilter
            value={search.agent}
            calls={calls}
            onChange={(agent) => onChange({ agent })}
          />
        </Toolbar>
      )}
      <div className={styles.inbox}>
        {calls.length === 0 ? (
          <EmptyState icon="approvals" title={search.agent ? words.noneFits : words.none}>
            <p>{words.noneHint}</p>
          </EmptyState>
        ) : (
          <Card flush>
            <DataTable
              label={words.waitingTable}
              rows={calls}
              columns={columns}
              rowKey={idOf}
              onOpen={({ id }) => onOpen(id)}
              selected={search.id}
              onEnd={onEnd}
            />
          </Card>
        )}
        {marked.length > 0 ? (
          <Several calls={marked} answers={answers} />
        ) : (
          (search.id || calls.length > 0) && <ApprovalDetail id={search.id} answers={answers} />
        )}
      </div>
    </>
  );
}

function Several(props: { readonly calls: readonly Approval[]; readonly answers: Answers }) {
  const { calls, answers } = props;
  const count = calls.length;
  return (
    <Card title={count === 1 ? words.chosenOne : fill(words.chosen, { count })}>
      <p className={styles.soft}>{words.chosenHint}</p>
      <AnswerForm calls={calls} answers={answers} />
    </Card>
  );
}

function idOf({ id }: Approval): string {
  return id;
}

function waitingColumns(
  chosen: ReadonlySet<string>,
  onChoose: (chosen: ReadonlySet<string>) => void,
): readonly Column<Approval>[] {
  const titles = words.columns;
  return [
    {
      id: 'choose',
      title: '',
      width: '20px',
      render: (call) => (
        <input
          type="checkbox"
          className={styles.choose}
          aria-label={fill(words.chooseOne, { tool: call.tool, agent: call.agent_id })}
          checked={chosen.has(call.id)}
          onChange={() => onChoose(toggled(chosen, call.id))}
        />
      ),
    },
    {
      id: 'tool',
      title: titles.tool,
      width: 'minmax(64px, 1fr)',
      render: ({ tool }) => <strong title={tool}>{tool}</strong>,
    },
    {
      id: 'agent',
      title: titles.agent,
      width: 'minmax(64px, 1fr)',
      render: ({ agent_id }) => <span title={agent_id}>{agent_id}</span>,
    },
    {
      id: 'arguments',
      title: titles.arguments,
      width: 'minmax(80px, 1.6fr)',
      isWideOnly: true,
      render: (call) => <code>{call.arguments.slice(0, 200)}</code>,
    },
    {
      id: 'since',
      title: titles.since,
      width: '68px',
      isWideOnly: true,
      render: ({ created_at }) => <Time at={created_at} />,
    },
    {
      id: 'expires',
      title: titles.expires,
      width: '92px',
      align: 'end',
      render: ({ expires_at }) => <Countdown until={expires_at} />,
    },
  ];
}

function toggled(chosen: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return chosen.symmetricDifference(new Set([id]));
}
