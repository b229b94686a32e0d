import type { Usage, UsageRow } from '../../api/usage.ts';
import type { ChartData } from '../../ui/data/chart.tsx';
import type { Measure, UsageSearch } from './usage-search.ts';

/** As many have a line of their own; the others are one. */
const maxSeries = 5;

/** What a row counts for a measure; 0 where nobody knows. */
export function measured(row: UsageRow, measure: Measure): number {
  switch (measure) {
    case 'tokens':
      return row.input_tokens + row.output_tokens;
    case 'cost':
      return row.cost_usd ?? 0;
    case 'runs':
      return row.runs ?? 0;
    case 'calls':
      return row.model_calls;
    default:
      return measure satisfies never;
  }
}

/** Name of whatever a row is by; null where it has none. */
export function nameOf(row: UsageRow, by: UsageSearch['by']): string | null {
  switch (by) {
    case 'key':
      return row.key_name ?? (row.key_id || null);
    case 'agent':
      return row.agent_id || null;
    case 'model':
      return row.model || null;
    case 'user':
      return row.user || null;
    case 'upstream':
      return row.upstream || null;
    default:
      return by satisfies never;
  }
}

/**
 * The rows of each day as lines, the largest ones by themselves.
 *
 * @param others - Name of all other lines together; `none` of what has no name.
 */
export function chartOf(
  usage: Usage,
  { by, show }: UsageSearch,
  { others, none }: { readonly others: string; readonly none: string },
): ChartData {
  const days = daysBetween(usage.since, usage.until);
  const byName = Map.groupBy(usage.rows, (row) => nameOf(row, by) ?? none);
  const total = (rows: readonly UsageRow[]) =>
    rows.reduce((sum, row) => sum + measured(row, show), 0);
  const ranked = [...byName].toSorted(([, a], [, b]) => total(b) - total(a));
  const rest = ranked.slice(maxSeries).flatMap(([, rows]) => rows);
  const shown = [
    ...ranked.slice(0, maxSeries),
    ...(rest.length > 0 ? [[others, rest] as const] : []),
  ];
  return {
    times: days.map((day) => Date.parse(day) / 1000),
    series: shown.map(([name, rows]) => {
      const ofDay = Map.groupBy(rows, ({ day }) => day ?? '');
      return { name, values: days.map((day) => total(ofDay.get(day) ?? [])) };
    }),
  };
}

function daysBetween(since: string, until: string): readonly string[] {
  const days: string[] = [];
  for (let at = Date.parse(since); at <= Date.parse(until); at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}
