import { Link, useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import type { Tool } from '../../api/tools.ts';
import { text } from '../../strings/text.ts';
import { type Column, DataTable } from '../../ui/data/data-table.tsx';
import { count } from '../../ui/data/numbers.ts';
import { duration } from '../../ui/data/time.tsx';
import { ToolState } from './tool-state.tsx';
import styles from './tools-page.module.css';

const titles = text.tools.columns;

const columns: readonly Column<Tool>[] = [
  {
    id: 'tool',
    title: titles.tool,
    width: 'minmax(140px, 2fr)',
    render: ({ name, description }) => (
      <Link to="/tools" search={{ tool: name }} className={styles.name ?? ''} title={description}>
        {name}
      </Link>
    ),
  },
  {
    id: 'kind',
    title: titles.kind,
    width: '88px',
    isWideOnly: true,
    render: ({ kind }) => kind,
  },
  {
    id: 'state',
    title: titles.state,
    width: '108px',
    render: ({ state, problem }) => (
      <span title={problem ?? undefined}>
        <ToolState state={state} />
      </span>
    ),
  },
  {
    id: 'usedBy',
    title: titles.usedBy,
    width: 'minmax(120px, 2fr)',
    isWideOnly: true,
    render: ({ used_by: users }) => (
      <span title={users.slice(0, 30).join(', ')}>{usersOf(users)}</span>
    ),
  },
  numbers('calls', ({ calls }) => count(calls)),
  numbers('errors', ({ errors }) => failing(errors)),
  numbers('denied', ({ denied }) => failing(denied)),
  numbers('p95', ({ p95_ms: p95 }) => (p95 === null ? '–' : duration(p95))),
  numbers('cache', ({ cache_hit_rate: rate }) => (rate === null ? '–' : percent(rate))),
];

function numbers(
  id: 'calls' | 'errors' | 'denied' | 'p95' | 'cache',
  render: Column<Tool>['render'],
): Column<Tool> {
  return { id, title: titles[id], width: '68px', align: 'end', isWideOnly: true, render };
}

function failing(times: number) {
  return times === 0 ? '0' : <span className={styles.bad}>{count(times)}</span>;
}

/** A share as people write it: `33 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function usersOf(users: readonly string[]): string {
  const [first, ...others] = users;
  if (first === undefined) return '–';
  return others.length === 0 ? first : `${first} +${others.length}`;
}

/** The tools that fit. */
export function ToolTable({ tools }: { readonly tools: readonly Tool[] }) {
  const navigate = useNavigate();
  const onOpen = useCallback(
    ({ name }: Tool) => void navigate({ to: '/tools', search: { tool: name } }),
    [navigate],
  );
  return (
    <DataTable
      label={text.tools.table}
      rows={tools}
      columns={columns}
      rowKey={({ name }) => name}
      onOpen={onOpen}
    />
  );
}
