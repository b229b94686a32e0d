import { readResults } from '../peers/results.ts';
import { tableText } from './markdown.ts';
import { cellOf, type Place, readResult } from './result.ts';

/** A line of the front page. */
type Line = {
  readonly what: string;
  readonly bench: string;
  /** As the places of its figures stand in the text: `{0}`, `{1}`, … */
  readonly shown: string;
  readonly places: readonly Place[];
  readonly goal?: string;
};

const cpuRatio = (table: string): Place => ({ table, row: 'CPU ms per run', column: 'ratio' });
const at = (concurrency: number) => [
  cpuRatio(`whole, concurrency ${concurrency}`),
  cpuRatio(`streamed (50 deltas), concurrency ${concurrency}`),
];
const both = '{0}× whole, {1}× streamed';
const ofSaves = (column: string): Place => ({ table: 'save →', row: '(of it', column });
const ofQuiet = (row: string): Place => ({ table: 'quiet streams', row, column: 'gateway' });

const lines: readonly Line[] = [
  {
    what: 'CPU of a run, 16 callers, against a bare server with the same agent',
    bench: 'runs',
    shown: both,
    places: at(16),
    goal: '0.80×',
  },
  { what: 'the same, 64 callers', bench: 'runs', shown: both, places: at(64) },
  {
    what: 'the same, one caller',
    bench: 'runs',
    shown: both,
    places: at(1),
    goal: '1.10× whole, 0.90× streamed',
  },
  {
    what: 'the same of agents in Python, 16 callers',
    bench: 'runs-python',
    shown: both,
    places: at(16),
    goal: '0.85×',
  },
  {
    what: 'time added to a run, one caller, p50',
    bench: 'runs',
    shown: '{0} ms',
    places: [{ table: 'whole, concurrency 1', row: 'p50 ms', column: 'difference' }],
    goal: '0.8 ms',
  },
  {
    what: 'streams of 5 words a second, p99 of a word within 50 ms, the most that were tried',
    bench: 'streams',
    shown: '{0}; bare server {1}',
    places: ['gateway', 'bare'].map((column) => ({ table: 'most', row: 'streams', column })),
    goal: '0.9 times the bare server’s',
  },
  {
    what: 'open streams that say nothing for a minute, memory of each in gateway and worker',
    bench: 'quiet',
    shown: '{0} open, {1} kB, {2} kB',
    places: [
      ofQuiet('ended well'),
      ofQuiet('kB a stream of private memory in'),
      ofQuiet('kB a stream of private memory below'),
    ],
  },
  {
    what: '50 agents, room for 12 workers: failed requests; time of one, p50 and p99',
    bench: 'mixed',
    shown: '{0}; {1} ms and {2} ms',
    places: ['failed', 'p50 ms', 'p99 ms'].map((column) => ({
      table: 'requests',
      row: 'all',
      column,
    })),
  },
  {
    what: 'start with 1,000 agents that were loaded before',
    bench: 'starts',
    shown: '{0}',
    places: [{ table: 'agents', row: '1000', column: 'all ready' }],
    goal: '2 s',
  },
  {
    what: 'save → new version answers, p50 and p95',
    bench: 'saves',
    shown: '{0} ms and {1} ms',
    places: [ofSaves('p50 ms'), ofSaves('p95 ms')],
    goal: 'p95 150 ms',
  },
  {
    what: 'requests lost in 1,000 reloads under load',
    bench: 'storm',
    shown: '{0} of {1}',
    places: ['lost', 'requests answered'].map((row) => ({
      table: '1000 reloads',
      row,
      column: '',
    })),
    goal: '0',
  },
];

/** The table of figures on the front page: what was measured of it. */
export function frontTable(): string {
  const rows = lines.flatMap(({ what, bench, shown, places, goal = '' }) => {
    const result = readResult(bench);
    if (!result) return [];
    const text = shown.replaceAll(/\{(\d)\}/g, (_, index) => {
      const place = places[Number(index)];
      return place ? cellOf(result, place) : '';
    });
    return [[what, text, goal, ...lastCells(result.measured_at, bench)]];
  });
  const columns = ['', 'measured', 'goal', 'on', 'command'];
  return tableText({ columns, rows: [...rows, ...peersRows()] });
}

/** What other servers of agents take: not those that only pass one call of a model on. */
function peersRows(): string[][] {
  const results = readResults();
  if (!results) return [];
  return (['JavaScript', 'Python'] as const).map((language) => {
    const others = results.peers.filter(
      ({ name, ...peer }) =>
        peer.language === language && !peer.is_model_proxy && !/^(limit|dropgate)/.test(name),
    );
    const shown = others.flatMap(({ title, shapes }) => {
      const ratio = shapes.whole_16?.to_dropgate?.cpu.median;
      const name = title.replace(/, (its|two|`).*/, '');
      return ratio === undefined ? [] : `${name} ${ratio.toFixed(2)}×`;
    });
    const what = `CPU of a run of other servers of agents in ${language}, 16 callers, against Dropgate’s`;
    return [what, shown.join('; '), '', ...lastCells(results.measured_at, 'peers')];
  });
}

function lastCells(measuredAt: string, bench: string): string[] {
  return [measuredAt.slice(0, 10), `\`make bench ONLY=${bench}\``];
}
