import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Agent } from '../../../api/agents.ts';
import { text } from '../../../strings/text.ts';
import { type Column, DataTable } from '../../../ui/data/data-table.tsx';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { AgentState } from '../agent-state.tsx';
import { lastErrorOf } from './agent-filter.ts';
import styles from './agent-table.module.css';
import { useFresh } from './use-fresh.ts';

const titles = text.agents.columns;

const columns: readonly Column<Agent>[] = [
  {
    id: 'agent',
    title: titles.agent,
    width: 'minmax(140px, 3fr)',
    render: ({ id }) => (
      <Link className={styles.id ?? ''} to="/agents/$" params={{ _splat: id }} title={id}>
        {id}
      </Link>
    ),
  },
  {
    id: 'state',
    title: titles.state,
    width: 'minmax(100px, max-content)',
    render: (agent) => <AgentState agent={agent} />,
  },
  {
    id: 'generation',
    title: titles.generation,
    width: '60px',
    isWideOnly: true,
    render: ({ generation }) => generation ?? '–',
  },
  {
    id: 'model',
    title: titles.model,
    width: 'minmax(96px, 1.2fr)',
    isWideOnly: true,
    render: ({ model }) => modelOf(model),
  },
  {
    id: 'tools',
    title: titles.tools,
    width: '48px',
    isWideOnly: true,
    render: ({ tools }) => <span title={tools.slice(0, 30).join(', ')}>{tools.length}</span>,
  },
  {
    id: 'lastError',
    title: titles.lastError,
    width: 'minmax(80px, 1.6fr)',
    isWideOnly: true,
    render: (agent) => <LastError agent={agent} />,
  },
  {
    id: 'path',
    title: titles.path,
    width: 'minmax(120px, 3fr)',
    isWideOnly: true,
    render: ({ module_path: path }) => (
      <code className={styles.path} title={path}>
        {path}
      </code>
    ),
  },
  {
    id: 'language',
    title: titles.language,
    width: '72px',
    isWideOnly: true,
    render: ({ language }) => text.agents.languages[language],
  },
];

const keyOf = ({ id }: Agent) => id;
const versionOf = ({ generation, status, loaded_at, diagnostics, pinned }: Agent) =>
  [generation, status, loaded_at, diagnostics[0]?.id, pinned?.since].join(' ');

/** The agents that fit. `all` are those that there are: what changed among them is shown for a moment. */
export function AgentTable(props: {
  readonly all: readonly Agent[];
  readonly agents: readonly Agent[];
}) {
  const navigate = useNavigate();
  const fresh = useFresh({ rows: props.all, keyOf, versionOf });
  const onOpen = useCallback(
    ({ id }: Agent) => void navigate({ to: '/agents/$', params: { _splat: id } }),
    [navigate],
  );
  return (
    <DataTable
      label={text.agents.table}
      rows={props.agents}
      columns={columns}
      rowKey={keyOf}
      isFresh={({ id }) => fresh.has(id)}
      onOpen={onOpen}
    />
  );
}

function LastError({ agent }: { readonly agent: Agent }) {
  const error = lastErrorOf(agent);
  if (!error) return <span className={styles.soft}>–</span>;
  return (
    <Link
      className={styles.error ?? ''}
      to="/errors"
      search={{ agent: agent.id, id: error.id }}
      title={plainText(error.message)}
    >
      {error.code}
    </Link>
  );
}

function modelOf(model: Agent['model']) {
  if (model === null) return <span className={styles.soft}>–</span>;
  const name = model.name ?? text.agents.sdkDefault;
  return <span title={name}>{name}</span>;
}
