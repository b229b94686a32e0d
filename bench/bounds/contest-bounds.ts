import type { Contestant, Shape } from '../contest.ts';
import { load } from '../load.ts';
import { tree } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { threadCpu } from './thread-cpu.ts';

type Figures = {
  readonly total: number;
  readonly front: number;
  readonly agent: number;
  readonly helpers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
};

/** Measures all in turn, every other round the other way round, and gives a table of medians; ratios are of a round. */
export async function contestBounds(
  contestants: readonly Contestant[],
  shape: Shape,
  rounds: number,
): Promise<string> {
  const figures = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const one of round % 2 === 0 ? contestants : contestants.toReversed()) {
      figures.get(one.name)?.push(await measure(one, shape));
    }
  }
  const bare = figures.get(contestants[0]?.name ?? '') ?? [];
  const kind = shape.stream ? 'streamed (50 deltas)' : 'whole';
  return [
    `| ${kind}, concurrency ${shape.concurrency} | CPU µs a run | front, main | agent, main | helpers of V8 | to bare | of the rounds | runs/s | p50 ms |`,
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...[...figures].map(([name, rows]) => row(name, rows, bare)),
  ].join('\n');
}

async function measure({ server, target }: Contestant, shape: Shape): Promise<Figures> {
  const pids = tree(server.pid);
  const before = pids.map(threadCpu);
  const sample = await load(target, shape);
  const spent = pids.map((pid, at) => {
    const { main, helpers } = threadCpu(pid);
    const since = before[at] ?? { main: 0, helpers: 0 };
    return {
      main: (main - since.main) / shape.count,
      helpers: (helpers - since.helpers) / shape.count,
    };
  });
  const [front, ...below] = spent;
  const agent = below.reduce((sum, each) => sum + each.main, 0);
  const helpers = spent.reduce((sum, each) => sum + each.helpers, 0);
  return {
    total: (front?.main ?? 0) + agent + helpers,
    front: front?.main ?? 0,
    agent,
    helpers,
    perSecond: shape.count / sample.seconds,
    p50Ms: quantile(sample.latenciesMs, 0.5),
  };
}

function row(name: string, rows: readonly Figures[], bare: readonly Figures[]): string {
  const median = (pick: (each: Figures) => number) => quantile(rows.map(pick), 0.5);
  const ratios = rows.map(({ total }, round) => total / (bare[round]?.total ?? Number.NaN));
  const spread = [Math.min(...ratios), Math.max(...ratios)].map((value) => value.toFixed(2));
  const cells = [
    ...[
      median(({ total }) => total),
      median(({ front }) => front),
      median(({ agent }) => agent),
      median(({ helpers }) => helpers),
    ].map((micros) => micros.toFixed(0)),
    quantile(ratios, 0.5).toFixed(2),
    spread.join('–'),
    median(({ perSecond }) => perSecond).toFixed(0),
    median(({ p50Ms }) => p50Ms).toFixed(1),
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}
