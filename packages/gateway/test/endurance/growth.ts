import { type MemoryReader, slopeOf } from './held-memory.ts';

const MB = 2 ** 20;
const PER = 100_000;

/** Of this part of the looks nothing is told: caches fill, and V8 learns. */
const WARM_PART = 0.25;

/** How the memory of processes grows with the number of requests. */
export type Growth = {
  /** Reads all of them; `requests` have been sent so far. */
  readonly look: (requests: number) => Promise<void>;
  /** What each holds more than at the first look, in MB. */
  readonly grownMb: () => number[];
  /** How much more each holds after 100,000 further requests, in MB, by least squares. */
  readonly mbPer100k: () => number[];
  /** A line for each process. */
  readonly lines: () => string[];
};

type Look = { readonly requests: number; readonly held: number[]; readonly rss: number[] };

/** @param pids - Of processes that the reader can ask. */
export function createGrowth(memory: MemoryReader, pids: readonly number[]): Growth {
  const looks: Look[] = [];
  const of = (index: number, what: 'held' | 'rss') => looks.map((look) => look[what][index] ?? 0);
  const grown = (values: readonly number[]) => (values.at(-1) ?? 0) - (values[0] ?? 0);
  const settled = <T>(values: readonly T[]) => values.slice(Math.ceil(values.length * WARM_PART));
  const perRequests = (values: readonly number[]) => {
    const requests = settled(looks).map((look) => look.requests);
    const step = grown(requests) / Math.max(1, requests.length - 1);
    return step === 0 ? 0 : (slopeOf(settled(values)) / step) * PER;
  };
  const all = <T>(tell: (index: number) => T) => pids.map((_pid, index) => tell(index));
  return {
    async look(requests) {
      const read = await Promise.all(pids.map((pid) => memory.read(pid)));
      looks.push({
        requests,
        held: read.map(({ heldBytes }) => heldBytes / MB),
        rss: read.map(({ rssBytes }) => rssBytes / MB),
      });
    },
    grownMb: () => all((index) => grown(of(index, 'held'))),
    mbPer100k: () => all((index) => perRequests(of(index, 'held'))),
    lines: () =>
      all((index) => {
        const [held, rss] = [of(index, 'held'), of(index, 'rss')];
        const figures = [held[0], held.at(-1), perRequests(held), rss[0], rss.at(-1)];
        const [first, last, slope, firstRss, lastRss] = figures.map((each = 0) => each.toFixed(2));
        const name = index === 0 ? 'gateway' : `worker ${index}`;
        return `${name}: holds ${first} → ${last} MB (${slope} MB per 100,000), RSS ${firstRss} → ${lastRss} MB`;
      }),
  };
}
