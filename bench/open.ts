/**
 * Measures what callers see who do not wait for each other, bare server and gateway in turn. Prints Markdown. Linux only.
 * `node bench/open.ts [arrivals] [streams] [quiet]`, all without arguments; `ROUNDS`, `SECONDS` and `RATE` (a second) of arrivals,
 * `STREAMS` (`400,700`) and `PACE_MS`, `QUIET` (how many) and `QUIET_SECONDS`.
 */
import { measureArrivals } from './open/arrivals.ts';
import { measureQuiet } from './open/quiet.ts';
import { measureStreams } from './open/streams.ts';
import { runParts } from './run-parts.ts';

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const counts = (process.env.STREAMS ?? '400,700,1000,1300').split(',').map(Number);
const rate = process.env.RATE ? { perSecond: Number(process.env.RATE) } : {};

await runParts({
  arrivals: () =>
    measureArrivals({
      rounds: number('ROUNDS', 5),
      share: 0.6,
      seconds: number('SECONDS', 8),
      ...rate,
    }),
  streams: () => measureStreams({ counts, paceMs: number('PACE_MS', 200) }),
  quiet: () => measureQuiet({ count: number('QUIET', 5000), seconds: number('QUIET_SECONDS', 60) }),
});
