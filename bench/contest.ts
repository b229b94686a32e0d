import type { Sample, Target } from './load.ts';
import { load } from './load.ts';
import type { Server } from './processes.ts';
import { treeCpuMs } from './processes.ts';
import { quantile } from './quantile.ts';

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

/**
 * Measures both in turn, round by round, and gives the medians as a table, with the ratio of the medians and the least
 * and the greatest ratio of a round. `deltas` is how many a streamed answer has.
 */
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
  const rows: [string, (each: Figures) => number][] = [
    ['CPU ms per run', (each) => each.cpuMsPerRun],
    ['runs/s', (each) => shape.count / each.seconds],
    ['p50 ms', (each) => quantile(each.latenciesMs, 0.5)],
    ['p99 ms', (each) => quantile(each.latenciesMs, 0.99)],
  ];
  if (shape.stream) rows.push(['first token p50 ms', (each) => quantile(each.firstTextMs, 0.5)]);
  const pause = shape.slowly ? ', a pause after the first' : '';
  const kind = shape.stream ? `streamed (${deltas} deltas${pause})` : 'whole';
  const [bareRounds = [], gatewayRounds = []] = figures;
  const lines = rows.map(([name, pick]) => {
    const [bare, gateway] = [bareRounds, gatewayRounds].map((each) =>
      quantile(each.map(pick), 0.5),
    );
    const ratios = gatewayRounds.map((each, round) => {
      const beside = bareRounds[round];
      return beside ? pick(each) / pick(beside) : Number.NaN;
    });
    return row(name, bare ?? 0, gateway ?? 0, ratios);
  });
  return [
    `| ${kind}, concurrency ${shape.concurrency} | bare | gateway | difference | ratio | of the rounds |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function row(name: string, bare: number, gateway: number, ratios: readonly number[]): string {
  const shown = [bare, gateway, gateway - bare, gateway / bare].map((value) => value.toFixed(2));
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
  return `| ${name} | ${shown.join(' | ')} | ${spread} |`;
}
