import { Link } from '@tanstack/react-router';
import type { Status } from '../../api/health.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data/data-table.tsx';
import { count } from '../../ui/data/numbers.ts';
import { duration, Time } from '../../ui/data/time.tsx';
import { Card } from '../../ui/page.tsx';

type Worker = Status['workers'][number];

const tones: Readonly<Record<Worker['state'], Tone>> = {
  ready: 'good',
  spare: 'neutral',
  loading: 'info',
  draining: 'warn',
};

const words = text.health.workers;

const columns: readonly Column<Worker>[] = [
  { id: 'agent', title: words.agent, width: 'minmax(140px, 2fr)', render: agentOf },
  {
    id: 'state',
    title: words.state,
    width: '110px',
    render: ({ state }) => <Badge tone={tones[state]}>{words.states[state]}</Badge>,
  },
  {
    id: 'runs',
    title: words.runs,
    width: '52px',
    align: 'end',
    render: (each) => count(each.active_runs),
  },
  {
    id: 'memory',
    title: words.memory,
    width: '76px',
    align: 'end',
    render: ({ rss_mb: mb }) => (mb === null ? '–' : `${Math.round(mb)} MB`),
  },
  {
    id: 'cpu',
    title: words.cpu,
    width: '96px',
    align: 'end',
    isWideOnly: true,
    render: ({ cpu_ms: ms }) => (ms === null ? '–' : duration(ms)),
  },
  {
    id: 'lag',
    title: words.lag,
    width: '96px',
    align: 'end',
    isWideOnly: true,
    render: ({ lag_ms: ms }) => (ms === null ? '–' : duration(ms)),
  },
  {
    id: 'pid',
    title: words.pid,
    width: '80px',
    align: 'end',
    isWideOnly: true,
    render: ({ pid }) => pid,
  },
  {
    id: 'started',
    title: words.started,
    width: '110px',
    isWideOnly: true,
    render: ({ started_at: at }) => <Time at={at} />,
  },
];

/** The processes in which agents run. */
export function Workers({ workers }: { readonly workers: readonly Worker[] }) {
  return (
    <Card title={words.title} flush>
      <DataTable
        label={words.title}
        rows={workers}
        columns={columns}
        rowKey={({ pid }) => `${pid}`}
        maxHeight="360px"
      />
    </Card>
  );
}

function agentOf({ agent_id: id, generation }: Worker) {
  if (id === null) return <span>{words.noAgent}</span>;
  return (
    <Link to="/agents" search={{ agent: id } as never} title={id}>
      {id}
      {generation !== null && ` · ${generation}`}
    </Link>
  );
}
