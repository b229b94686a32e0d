import { type Contestant, type Figures, type Shape, spreadOf, visit } from '../contest.ts';
import { load } from '../load.ts';
import { quantile } from '../quantile.ts';

/** One that is compared; `otherCpuMs` is CPU so far of what works for it besides, in ms. */
export type Compared = Contestant & { readonly otherCpuMs?: () => number };

type Visited = Figures & { readonly otherMsPerRun: number };

/** Runs of both kinds before anything is measured. */
export async function warmAll(all: readonly Contestant[], runs: number): Promise<void> {
  for (const { target } of all) {
    await load(target, { stream: false, concurrency: 8, count: Math.ceil((runs * 2) / 3) });
    await load(target, { stream: true, concurrency: 8, count: Math.ceil(runs / 3) });
  }
}

/**
 * Visits all in turn, round by round, each round beginning with another, and gives a table: a row for each, with the ratio
 * of its CPU to that of the first one in the same round.
 */
export async function compare(
  all: readonly Compared[],
  shape: Shape,
  { rounds, head }: { readonly rounds: number; readonly head: string },
): Promise<string> {
  const visits = all.map((): Visited[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const turn of all.keys()) {
      const at = (turn + round) % all.length;
      const one = all[at];
      if (!one) continue;
      const before = one.otherCpuMs?.() ?? 0;
      const figures = await visit(one, shape);
      const otherMsPerRun = ((one.otherCpuMs?.() ?? 0) - before) / shape.count;
      visits[at]?.push({ ...figures, otherMsPerRun });
    }
  }
  const hasOthers = all.some(({ otherCpuMs }) => otherCpuMs);
  const heads = ['CPU ms per run', 'ratio', 'of the rounds', 'runs/s', 'p50 ms', 'p99 ms'];
  if (hasOthers) heads.push('CPU ms per run of the database');
  const rows = all.map(({ name }, at) => {
    const own = visits[at] ?? [];
    const cells = cellsOf(own, { first: visits[0] ?? [], count: shape.count });
    const others = quantile(
      own.map(({ otherMsPerRun }) => otherMsPerRun),
      0.5,
    ).toFixed(2);
    return `| ${[name, ...cells, ...(hasOthers ? [others] : [])].join(' | ')} |`;
  });
  const kind = shape.stream ? 'streamed (50 deltas)' : 'whole';
  return [
    `| ${head}: ${kind}, concurrency ${shape.concurrency} | ${heads.join(' | ')} |`,
    `| --- ${heads.map(() => '| --- ').join('')}|`,
    ...rows,
  ].join('\n');
}

function cellsOf(
  own: readonly Visited[],
  { first, count }: { readonly first: readonly Visited[]; readonly count: number },
): string[] {
  const median = (of: (each: Visited) => number) => quantile(own.map(of), 0.5);
  const ratios = own.map(
    ({ cpuMsPerRun }, round) => cpuMsPerRun / (first[round]?.cpuMsPerRun ?? Number.NaN),
  );
  return [
    median(({ cpuMsPerRun }) => cpuMsPerRun).toFixed(2),
    quantile(ratios, 0.5).toFixed(2),
    spreadOf(ratios),
    median(({ seconds }) => count / seconds).toFixed(0),
    median(({ latenciesMs }) => quantile(latenciesMs, 0.5)).toFixed(2),
    median(({ latenciesMs }) => quantile(latenciesMs, 0.99)).toFixed(2),
  ];
}
