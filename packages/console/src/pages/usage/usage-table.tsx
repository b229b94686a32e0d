import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import type { Usage, UsageRow } from '../../api/usage.ts';
import { text } from '../../strings/text.ts';
import { type Column, DataTable } from '../../ui/data/data-table.tsx';
import { count, dollars, short } from '../../ui/data/numbers.ts';
import { Card } from '../../ui/page.tsx';
import type { UsageSearch } from './usage-search.ts';
import { measured, nameOf } from './usage-sums.ts';

/** The figures of the chart, and all others, a row for each name; who used most comes first. */
export function UsageTable({
  usage,
  by,
}: {
  readonly usage: Usage;
  readonly by: UsageSearch['by'];
}) {
  const rows = useMemo(
    () => usage.rows.toSorted((a, b) => measured(b, 'tokens') - measured(a, 'tokens')),
    [usage],
  );
  return (
    <Card flush>
      <DataTable
        label={text.usage.table}
        rows={rows}
        columns={columnsOf(by)}
        rowKey={(row) => `${row.key_id ?? ''} ${nameOf(row, by)}`}
        maxHeight="50vh"
      />
    </Card>
  );
}

function columnsOf(by: UsageSearch['by']): readonly Column<UsageRow>[] {
  const { columns } = text.usage;
  const hasRuns = by !== 'model' && by !== 'upstream';
  const wideOnly = true;
  return [
    {
      id: 'name',
      title: text.usage.splits[by],
      width: 'minmax(120px, 2fr)',
      render: (row) => <Name row={row} by={by} />,
    },
    ...(hasRuns ? [figure(columns.runs, (row) => count(row.runs ?? 0))] : []),
    figure(columns.calls, (row) => count(row.model_calls), wideOnly),
    figure(columns.failed, (row) => count(row.failed_calls), wideOnly),
    figure(columns.input, (row) => short(row.input_tokens), wideOnly),
    figure(columns.output, (row) => short(row.output_tokens), wideOnly),
    figure(columns.tokens, (row) => short(measured(row, 'tokens'))),
    figure(columns.cost, (row) => dollars(row.cost_usd)),
  ];
}

function figure(
  title: string,
  render: (row: UsageRow) => string,
  isWideOnly = false,
): Column<UsageRow> {
  return { id: title, title, width: '76px', align: 'end', isWideOnly, render };
}

/** Leads to the runs behind a row, where they can be found by it. */
function Name({ row, by }: { readonly row: UsageRow; readonly by: UsageSearch['by'] }) {
  const name = nameOf(row, by);
  if (name === null) return <span>{text.usage.nameless}</span>;
  const search = { agent: by === 'agent' ? name : undefined, key: row.key_id, user: row.user };
  if (by === 'model' || by === 'upstream') return <span title={name}>{name}</span>;
  return (
    <Link to="/runs" search={search as never} title={name}>
      {name}
    </Link>
  );
}
