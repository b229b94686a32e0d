import { Link } from '@tanstack/react-router';
import type { Run } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';
import type { Column } from '../../../ui/data/data-table.tsx';
import { dollars, short } from '../../../ui/data/numbers.ts';
import { RunOutcome } from '../../../ui/data/run-outcome.tsx';
import { duration } from '../../../ui/data/time.tsx';
import styles from '../runs.module.css';
import type { RunRow } from './run-list.ts';

const titles = text.runs.columns;
const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

const figures: readonly Column<RunRow>[] = [
  {
    id: 'duration',
    title: titles.duration,
    width: '88px',
    align: 'end',
    isWideOnly: true,
    render: held(({ duration_ms }) => (duration_ms === null ? '…' : duration(duration_ms))),
  },
  {
    id: 'tokens',
    title: titles.tokens,
    width: '104px',
    align: 'end',
    isWideOnly: true,
    render: held(({ usage }) =>
      usage ? `${short(usage.input_tokens)} → ${short(usage.output_tokens)}` : '…',
    ),
  },
  {
    id: 'cost',
    title: titles.cost,
    width: '80px',
    align: 'end',
    isWideOnly: true,
    render: held(({ cost_usd }) => dollars(cost_usd)),
  },
];

/** The columns of the table of runs. `keyName` tells the name of a key by its id. */
export function runColumns(keyName: (id: string) => string): readonly Column<RunRow>[] {
  return [
    {
      id: 'time',
      title: titles.time,
      width: 'minmax(100px, 0.7fr)',
      render: (row) => <RunTime row={row} />,
    },
    {
      id: 'agent',
      title: titles.agent,
      width: 'minmax(90px, 1.6fr)',
      render: held(({ agent_id }) => <span title={agent_id}>{agent_id}</span>),
    },
    {
      id: 'outcome',
      title: titles.outcome,
      width: 'minmax(94px, 1.6fr)',
      render: held(({ outcome, code }) => (
        <span title={code ?? undefined}>
          <RunOutcome outcome={outcome} /> {code && <code className={styles.code}>{code}</code>}
        </span>
      )),
    },
    ...figures,
    {
      id: 'key',
      title: titles.key,
      width: 'minmax(80px, 1fr)',
      isWideOnly: true,
      render: held(({ key_id }) => <span title={key_id}>{keyName(key_id)}</span>),
    },
    {
      id: 'user',
      title: titles.user,
      width: 'minmax(70px, 1fr)',
      isWideOnly: true,
      render: held(({ user }) => <span title={user ?? undefined}>{user ?? '–'}</span>),
    },
  ];
}

function held(render: (run: Run) => ReturnType<Column<RunRow>['render']>) {
  return ({ run }: RunRow) => (run ? render(run) : <span className={styles.unread} />);
}

function RunTime({ row: { id, run } }: { readonly row: RunRow }) {
  const at = run && new Date(run.started_at);
  return (
    <Link to="/runs/$id" params={{ id }} className={styles.time ?? ''} title={id} preload={false}>
      {at ? `${isToday(at) ? '' : `${day.format(at)} `}${clock.format(at)}` : '…'}
    </Link>
  );
}

function isToday(at: Date): boolean {
  return at.toDateString() === new Date().toDateString();
}
