import { setTimeout as pause } from 'node:timers/promises';
import type { Sample, Target, Wish } from './load.ts';
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
export type Shape = Wish & { readonly concurrency: number; readonly count: number };

/** What one visit of a round gave. */
export type Figures = Sample & { readonly cpuMsPerRun: number };

/** What a server does behind its last answer, such as a journal, is its work too. */
const settleMs = 150;

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
    for (const one of order) figures.get(one.name)?.push(await visit(one, shape));
  }
  return table(
    { shape, deltas },
    contestants.map(({ name }) => figures.get(name) ?? []),
  );
}

/** Sends the requests of a shape to one, and tells how long they took and what CPU time its processes. */
export async function visit({ server, target }: Contestant, shape: Shape): Promise<Figures> {
  const before = treeCpuMs(server.pid);
  const sample = await load(target, shape);
  await pause(settleMs);
  return { ...sample, cpuMsPerRun: (treeCpuMs(server.pid) - before) / shape.count };
}

/** How a ratio differed between rounds, from the least to the greatest. */
export function spreadOf(ratios: readonly number[]): string {
  return `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
}

const pauses = {
  none: '',
  slowly: ', a pause after the first',
  steadily: ', a pause before each',
  quietly: ', all but the first later',
};

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
  const kind = shape.stream
    ? `streamed (${deltas} deltas${pauses[shape.pace ?? 'none']})`
    : 'whole';
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
  return `| ${name} | ${shown.join(' | ')} | ${spreadOf(ratios)} |`;
}
