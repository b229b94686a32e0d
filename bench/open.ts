/**
 * Measures what callers see who do not wait for each other, bare server and gateway in turn. Prints Markdown. Linux only.
 * `node bench/open.ts [arrivals] [streams]`, both without arguments; `ROUNDS`, `STREAMS` (`50,100,200`), `PACE_MS`.
 */
import { measureArrivals } from './open/arrivals.ts';
import { measureStreams } from './open/streams.ts';
import { runParts } from './run-parts.ts';

const rounds = Number(process.env.ROUNDS ?? 3);
const paceMs = Number(process.env.PACE_MS ?? 200);
const counts = (process.env.STREAMS ?? '100,200,300,400,500,600').split(',').map(Number);

await runParts({
  arrivals: () => measureArrivals({ rounds, share: 0.6, seconds: 15 }),
  streams: () => measureStreams({ counts, paceMs }),
});
