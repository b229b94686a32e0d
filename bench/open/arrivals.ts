import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';
import { startPair } from '../contestants.ts';
import { ask, load, type Target } from '../load.ts';
import { chances } from '../many/chances.ts';
import { quantile } from '../quantile.ts';

/**
 * Requests that arrive on their own, by chance as Poisson has it, at a fixed rate: `perSecond`, or a share of what the bare
 * server can take. The same arrivals for both. Times are from when a request was to arrive: what waits because too much came
 * at once counts, here too.
 */
export async function measureArrivals(options: {
  readonly rounds: number;
  readonly share: number;
  readonly perSecond?: number;
  readonly seconds: number;
}): Promise<string> {
  const { contestants, close } = await startPair({ deltas: 50 });
  try {
    for (const { target } of contestants) {
      await load(target, { count: 3000, concurrency: 8, stream: false });
    }
    const [bare] = contestants;
    const full = await load(bare.target, { count: 1500, concurrency: 16, stream: false });
    const perSecond = options.perSecond ?? (1500 / full.seconds) * options.share;
    const latencies = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
    for (let round = 0; round < options.rounds; round += 1) {
      const arrivalsMs = arrivals(perSecond, options.seconds, round + 1);
      const order = round % 2 === 0 ? contestants : contestants.toReversed();
      for (const { name, target } of order) {
        latencies.get(name)?.push(...(await askAt(target, arrivalsMs)));
      }
    }
    return table(`${perSecond.toFixed(0)} a second`, [...latencies.values()]);
  } finally {
    await close();
  }
}

/** When requests arrive, in ms from the start: the gaps are exponential, the same for the same seed. */
function arrivals(perSecond: number, seconds: number, seed: number): number[] {
  const times: number[] = [];
  const chance = chances(seed);
  let atMs = 0;
  while (atMs < seconds * 1000) {
    atMs += (-Math.log(1 - chance()) / perSecond) * 1000;
    times.push(atMs);
  }
  return times;
}

/** Asks at each time, and gives how long each answer took from then. */
async function askAt(target: Target, timesMs: readonly number[]): Promise<number[]> {
  const dispatcher = new Agent({ pipelining: 1 });
  const startedMs = performance.now();
  const answers: Promise<number>[] = [];
  for (const atMs of timesMs) {
    const waitMs = startedMs + atMs - performance.now();
    if (waitMs > 1) await pause(waitMs);
    const lateMs = performance.now() - startedMs - atMs;
    const asked = ask(target, dispatcher, { stream: false });
    answers.push(asked.then(({ totalMs }) => totalMs + Math.max(0, lateMs)));
  }
  const latencies = await Promise.all(answers);
  await dispatcher.close();
  return latencies;
}

function table(rate: string, [bare = [], gateway = []]: readonly number[][]): string {
  const rows = [0.5, 0.9, 0.99].map((share) => {
    const [of, beside] = [bare, gateway].map((all) => quantile(all, share));
    const values = [of ?? 0, beside ?? 0, (beside ?? 0) / (of ?? 1)];
    return `| p${share * 100} ms | ${values.map((value) => value.toFixed(2)).join(' | ')} |`;
  });
  return [
    `| whole, arriving by chance, ${rate} | bare | gateway | ratio |`,
    '| --- | --- | --- | --- |',
    ...rows,
  ].join('\n');
}
