import type { Sample, Target } from './load.ts';
import { load } from './load.ts';
import type { Server } from './processes.ts';
import { treeCpuMs } from './processes.ts';

/** A server that is measured against another: the bare one first, the gateway second. */
export type Contestant = {
  readonly name: string;
  readonly server: Server;
  readonly target: Target;
};

/** Requests of one kind. */
export type Shape = {
  readonly stream: boolean;
  readonly concurrency: number;
  readonly count: number;
  readonly slowly?: boolean;
};

type Figures = Sample & { readonly cpuMsPerRun: number };

/** Measures both in turn, round by round, and gives the medians as a table. `deltas` is how many a streamed answer has. */
export async function contest(
  contestants: readonly Contestant[],
  shape: Shape,
  { rounds, deltas }: { readonly rounds: number; readonly deltas: number },
): Promise<string> {
  const figures = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const { name, server, target } of order) {
      const before = treeCpuMs(server.pid);
      const sample = await load(target, shape);
      const cpuMsPerRun = (treeCpuMs(server.pid) - before) / shape.count;
      figures.get(name)?.push({ ...sample, cpuMsPerRun });
    }
  }
  return table(
    { shape, deltas },
    contestants.map(({ name }) => figures.get(name) ?? []),
  );
}

function table(
  { shape, deltas }: { readonly shape: Shape; readonly deltas: number },
  figures: readonly (readonly Figures[])[],
): string {
  const of = (pick: (each: Figures) => number) => figures.map((each) => median(each.map(pick)));
  const rows: [string, number[]][] = [
    ['CPU ms per run', of((each) => each.cpuMsPerRun)],
    ['runs/s', of((each) => shape.count / each.seconds)],
    ['p50 ms', of((each) => quantile(each.latenciesMs, 0.5))],
    ['p99 ms', of((each) => quantile(each.latenciesMs, 0.99))],
  ];
  if (shape.stream)
    rows.push(['first token p50 ms', of((each) => quantile(each.firstTextMs, 0.5))]);
  const pause = shape.slowly ? ', a pause after the first' : '';
  const kind = shape.stream ? `streamed (${deltas} deltas${pause})` : 'whole';
  const lines = rows.map(([name, [bare = 0, gateway = 0]]) => {
    const shown = [bare, gateway, gateway - bare, gateway / bare].map((value) => value.toFixed(2));
    return `| ${name} | ${shown.join(' | ')} |`;
  });
  return [
    `| ${kind}, concurrency ${shape.concurrency} | bare | gateway | difference | ratio |`,
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
