import type { Rule } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { type Column, DataTable } from '../../../ui/data/data-table.tsx';
import { Time } from '../../../ui/data/time.tsx';
import { Clipped } from '../parts/clipped.tsx';
import { joined } from '../parts/rule-names.ts';
import { Verdict } from '../parts/verdict.tsx';

const names = text.security.columns;

const columns: readonly Column<Rule>[] = [
  {
    id: 'order',
    title: names.order,
    width: '36px',
    isWideOnly: true,
    render: ({ order }) => order,
  },
  {
    id: 'effect',
    title: names.effect,
    width: '84px',
    render: ({ effect }) => <Verdict value={effect} />,
  },
  {
    id: 'id',
    title: names.id,
    width: 'minmax(110px, 2.2fr)',
    render: ({ id }) => <Clipped value={id} mono />,
  },
  {
    id: 'action',
    title: names.action,
    width: '124px',
    isWideOnly: true,
    render: ({ action }) => text.security.actions[action],
  },
  {
    id: 'principals',
    title: names.principals,
    width: 'minmax(100px, 1fr)',
    isWideOnly: true,
    render: ({ principals }) => <Clipped value={joined(principals)} />,
  },
  {
    id: 'resources',
    title: names.resources,
    width: 'minmax(80px, 1fr)',
    render: ({ resources }) => <Clipped value={joined(resources)} />,
  },
  {
    id: 'when',
    title: names.when,
    width: 'minmax(60px, 0.6fr)',
    isWideOnly: true,
    render: ({ when }) => (when === null ? '–' : <Clipped value={when} mono />),
  },
  {
    id: 'source',
    title: names.source,
    width: '100px',
    isWideOnly: true,
    render: ({ source }) => text.security.sources[source],
  },
  {
    id: 'expires',
    title: names.expires,
    width: '64px',
    isWideOnly: true,
    render: ({ expires_at: at }) => (at === null ? '–' : <Time at={at} />),
  },
  {
    id: 'reason',
    title: names.reason,
    width: 'minmax(80px, 1fr)',
    isWideOnly: true,
    render: ({ reason }) => (reason === null ? '–' : <Clipped value={reason} />),
  },
];

/** Rules in the order they are heard; one opens with all that it says. */
export function RuleTable(props: {
  readonly label: string;
  readonly rules: readonly Rule[];
  readonly onOpen: (id: string) => void;
}) {
  const { label, rules, onOpen } = props;
  return (
    <DataTable
      label={label}
      rows={rules}
      columns={columns}
      rowKey={({ id, order }) => `${order} ${id}`}
      onOpen={({ id }) => onOpen(id)}
      maxHeight="50vh"
    />
  );
}
