import { useKeyNames } from '../../../api/keys.ts';
import type { Decision } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { type Column, DataTable } from '../../../ui/data/data-table.tsx';
import { Time } from '../../../ui/data/time.tsx';
import { Clipped } from '../parts/clipped.tsx';
import { Verdict } from '../parts/verdict.tsx';

const names = text.security.decisions;

const columnsOf = (nameOf: (id: string) => string): readonly Column<Decision>[] => [
  {
    id: 'time',
    title: names.columns.time,
    width: '92px',
    render: ({ time }) => <Time at={time} />,
  },
  {
    id: 'effect',
    title: names.columns.effect,
    width: '92px',
    render: ({ effect }) => <Verdict value={effect} />,
  },
  {
    id: 'who',
    title: names.columns.who,
    width: 'minmax(90px, 1fr)',
    isWideOnly: true,
    render: ({ key_id: key, user }) => {
      const name = key === null ? names.nobody : nameOf(key);
      return <Clipped value={user === null ? name : `${name} (${user})`} />;
    },
  },
  {
    id: 'action',
    title: names.columns.action,
    width: '124px',
    isWideOnly: true,
    render: ({ action }) => text.security.actions[action],
  },
  {
    id: 'resource',
    title: names.columns.resource,
    width: 'minmax(90px, 1.3fr)',
    render: ({ resource }) => <Clipped value={resource} />,
  },
  {
    id: 'agent',
    title: names.columns.agent,
    width: 'minmax(90px, 1fr)',
    isWideOnly: true,
    render: ({ agent_id: agent }) => <Clipped value={agent ?? '–'} />,
  },
  {
    id: 'rule',
    title: names.columns.rule,
    width: 'minmax(90px, 1.5fr)',
    isWideOnly: true,
    render: ({ rule_id: rule }) => <Clipped value={rule ?? text.security.noRule} mono />,
  },
  {
    id: 'reason',
    title: names.columns.reason,
    width: 'minmax(80px, 1.2fr)',
    isWideOnly: true,
    render: ({ reason }) => <Clipped value={reason ?? '–'} />,
  },
];

/** Decisions, newest first; one opens with why. */
export function DecisionTable(props: {
  readonly decisions: readonly Decision[];
  readonly selected: string | undefined;
  readonly onOpen: (id: string) => void;
  readonly onEnd: () => void;
}) {
  const nameOf = useKeyNames();
  return (
    <DataTable
      label={names.list}
      rows={props.decisions}
      columns={columnsOf(nameOf)}
      rowKey={({ id }) => id}
      selected={props.selected}
      onOpen={({ id }) => props.onOpen(id)}
      onEnd={props.onEnd}
      maxHeight="62vh"
    />
  );
}
