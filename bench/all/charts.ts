import { type Bar, barChart } from './bar-chart.ts';
import { cellOf, readResult } from './result.ts';

/** The charts of a bench by the names of their files; none where it has none, or was not measured yet. */
export function chartsOf(bench: string): Readonly<Record<string, string>> {
  switch (bench) {
    case 'runs':
      return limitChart(bench, 'limit-cpu.svg', 'agents in TypeScript');
    case 'runs-python':
      return limitChart(bench, 'limit-cpu-python.svg', 'agents in Python');
    case 'streams':
      return streamsChart();
    default:
      return {};
  }
}

const shapes: readonly (readonly [title: string, table: string])[] = [
  ['whole, 1 at a time', 'whole, concurrency 1'],
  ['whole, 16 at a time', 'whole, concurrency 16'],
  ['whole, 64 at a time', 'whole, concurrency 64'],
  ['streamed, 1 at a time', 'streamed (50 deltas), concurrency 1'],
  ['streamed, 16 at a time', 'streamed (50 deltas), concurrency 16'],
  ['streamed, 64 at a time', 'streamed (50 deltas), concurrency 64'],
];

const sides = [
  ['bare', 'bare server', 'limit'],
  ['gateway', 'Dropgate', 'own'],
] as const;

function limitChart(bench: string, file: string, of: string): Record<string, string> {
  const result = readResult(bench);
  if (!result) return {};
  const bars = shapes.flatMap(([title, table]) =>
    sides.map(([column, who, kind]): Bar => {
      const place = { table, row: 'CPU ms per run', column };
      return { label: `${title}: ${who}`, value: Number(cellOf(result, place)), kind };
    }),
  );
  return { [file]: barChart(`CPU ms a run, ${of} (less is better)`, bars) };
}

function streamsChart(): Record<string, string> {
  const result = readResult('streams');
  const { columns: [table = ''] = [], rows = [] } = result?.tables[0] ?? {};
  if (!result || rows.length === 0) return {};
  const bars = rows.flatMap(([count = '']) =>
    sides.flatMap(([column, who, kind]): Bar | [] => {
      const place = { table, row: count, column: `${column} p99 ms` };
      const cell = cellOf(result, place);
      return cell === '–' ? [] : { label: `${count} streams: ${who}`, value: Number(cell), kind };
    }),
  );
  return { 'streams-p99.svg': barChart('How late a word is, p99 in ms (50 is the bar)', bars) };
}
