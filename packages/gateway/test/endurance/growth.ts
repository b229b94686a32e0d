import { type MemoryReader, slopeOf } from './held-memory.ts';

const MB = 2 ** 20;
const PER_REQUESTS = 100_000;

/** Of this part of the looks nothing is told: caches fill, and V8 learns. */
const WARM_PART = 0.25;

/** How the memory of processes grows with what is done again and again. */
export type Growth = {
  /** Reads all of them; it was done so often so far. */
  readonly look: (done: number) => Promise<void>;
  /** What each holds more than at the first look, in MB. */
  readonly grownMb: () => number[];
  /** How much more each holds when it was done `per` times more, in MB, by least squares. */
  readonly slopesMb: () => number[];
  /** A line for each process. */
  readonly lines: () => string[];
};

type Look = { readonly done: number; readonly held: number[]; readonly rss: number[] };

/** @param pids - Of processes that the reader can ask. */
export function createGrowth(
  memory: MemoryReader,
  pids: readonly number[],
  per = PER_REQUESTS,
): Growth {
  const looks: Look[] = [];
  const of = (index: number, what: 'held' | 'rss') => looks.map((look) => look[what][index] ?? 0);
  const grown = (values: readonly number[]) => (values.at(-1) ?? 0) - (values[0] ?? 0);
  const settled = <T>(values: readonly T[]) => values.slice(Math.ceil(values.length * WARM_PART));
  const slope = (values: readonly number[]) => {
    const done = settled(looks).map((look) => look.done);
    const step = grown(done) / Math.max(1, done.length - 1);
    return step === 0 ? 0 : (slopeOf(settled(values)) / step) * per;
  };
  const all = <T>(tell: (index: number) => T) => pids.map((_pid, index) => tell(index));
  return {
    async look(done) {
      const read = await Promise.all(pids.map((pid) => memory.read(pid)));
      looks.push({
        done,
        held: read.map(({ heldBytes }) => heldBytes / MB),
        rss: read.map(({ rssBytes }) => rssBytes / MB),
      });
    },
    grownMb: () => all((index) => grown(of(index, 'held'))),
    slopesMb: () => all((index) => slope(of(index, 'held'))),
    lines: () =>
      all((index) => {
        const [held, rss] = [of(index, 'held'), of(index, 'rss')];
        const figures = [held[0], held.at(-1), slope(held), rss[0], rss.at(-1)];
        const [first, last, more, firstRss, lastRss] = figures.map((each = 0) => each.toFixed(2));
        const name = index === 0 ? 'gateway' : `worker ${index}`;
        return `${name}: holds ${first} → ${last} MB (${more} MB per ${per}), RSS ${firstRss} → ${lastRss} MB`;
      }),
  };
}
