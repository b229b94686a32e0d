import { type Contestant, type Shape, spreadOf, visit } from '../contest.ts';
import type { Wish } from '../load.ts';
import { quantile } from '../quantile.ts';

/** A delta is what a run of many takes more than one of few. */
const few = 50;
const many = 250;

const names = { together: 'sent together', steadily: 'with a pause before each' } as const;

/** How many runs of each length a visit has. */
export type DeltaCounts = Readonly<Record<keyof typeof names, number>>;

/**
 * Measures in turn what CPU one delta more of a streamed answer takes, where the upstream sends all of them together and
 * where it pauses before each, so that they do not come together.
 */
export async function deltaCost(
  contestants: readonly Contestant[],
  options: {
    readonly rounds: number;
    readonly concurrency: number;
    readonly counts: DeltaCounts;
    readonly paceMs: number;
  },
): Promise<string> {
  const { rounds, concurrency, counts, paceMs } = options;
  const rows: string[] = [];
  for (const [kind, name] of Object.entries(names) as [keyof typeof names, string][]) {
    const wish: Wish = kind === 'steadily' ? { stream: true, pace: kind } : { stream: true };
    const micros = contestants.map((): number[] => []);
    for (let round = 0; round < rounds; round += 1) {
      const order = [...contestants.keys()];
      for (const at of round % 2 === 0 ? order : order.toReversed()) {
        const contestant = contestants[at];
        if (!contestant) continue;
        const shape = { ...wish, concurrency, count: counts[kind] };
        micros[at]?.push(await microsPerDelta(contestant, shape));
      }
    }
    rows.push(row(kind === 'steadily' ? name.replace('a pause', `${paceMs} ms`) : name, micros));
  }
  return [
    `| CPU µs of a delta more, ${concurrency} streams at a time | bare | gateway | difference | ratio | of the rounds |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}

async function microsPerDelta(contestant: Contestant, shape: Shape): Promise<number> {
  const short = await visit(contestant, { ...shape, words: few });
  const long = await visit(contestant, { ...shape, words: many });
  return ((long.cpuMsPerRun - short.cpuMsPerRun) * 1000) / (many - few);
}

function row(name: string, [bare = [], gateway = []]: readonly number[][]): string {
  const [of, beside] = [quantile(bare, 0.5), quantile(gateway, 0.5)];
  const ratios = gateway.map((each, round) => each / (bare[round] ?? Number.NaN));
  const shown = [of, beside, beside - of].map((value) => value.toFixed(1));
  return `| ${name} | ${shown.join(' | ')} | ${(beside / of).toFixed(2)} | ${spreadOf(ratios)} |`;
}
