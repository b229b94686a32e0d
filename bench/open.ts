/**
 * Measures what callers see who do not wait for each other, bare server and gateway in turn. Prints Markdown. Linux only.
 * `node bench/open.ts [arrivals] [streams]`, both without arguments; `ROUNDS`, `STREAMS` (`50,100,200`).
 */
import { measureArrivals } from './open/arrivals.ts';
import { measureStreams } from './open/streams.ts';

const rounds = Number(process.env.ROUNDS ?? 3);
const counts = (process.env.STREAMS ?? '100,200,300,400,500,600').split(',').map(Number);

const parts: Readonly<Record<string, () => Promise<string>>> = {
  arrivals: () => measureArrivals({ rounds, share: 0.6, seconds: 15 }),
  streams: () => measureStreams({ counts, paceMs: 200, deltas: 40 }),
};

const chosen = process.argv.slice(2);
for (const name of chosen.length > 0 ? chosen : Object.keys(parts)) {
  const measure = parts[name];
  if (!measure)
    throw new Error(`There is no part ${name}; there are ${Object.keys(parts).join(', ')}.`);
  process.stdout.write(`${await measure()}\n\n`);
}
