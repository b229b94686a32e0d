/**
 * Measures the gateway against a minimal server that runs the same agent with the same SDK on the same mock upstream, in
 * interleaved rounds of one run: `bare-server.ts`, or `python/bare_server.py` with the word `python`. Medians. Prints Markdown.
 * Linux only (reads /proc). `node bench/run.ts [python]`; `ROUNDS`, `DELTAS`, `WARM` (runs of each before), `SHARE` of the
 * counts (0.1 for a look). `AWAKE=1` keeps the cores from sleeping, with work that gives way to all other.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { contest } from './contest.ts';
import { startPair } from './contestants.ts';
import { load } from './load.ts';
import { type DeltaCounts, deltaCost } from './runs/delta-cost.ts';
import { neededPython } from './runs/python-with-sdk.ts';
import { shapesOf } from './runs/shapes.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const deltas = Number(process.env.DELTAS ?? 50);
const warm = Number(process.env.WARM ?? 3000);
const share = Number(process.env.SHARE ?? 1);
/** Between two words, where the upstream pauses: no two can be passed on together. */
const paceMs = 10;

const [word, ...more] = process.argv.slice(2);
if ((word !== undefined && word !== 'python') || more.length > 0) {
  throw new Error(`There is no ${[word, ...more].join(' ')}; there is python.`);
}
const language = word === 'python' ? 'Python' : 'TypeScript';

const counted = (count: number) => Math.max(1, Math.round(count * share));
const deltaCounts: Record<typeof language, DeltaCounts> = {
  TypeScript: { together: counted(240), steadily: counted(32) },
  Python: { together: counted(32), steadily: counted(16) },
};

const python = word === 'python' ? { python: neededPython() } : {};
const { contestants, close } = await startPair({ deltas, paceMs, ...python });
const endAwake = process.env.AWAKE ? keepAwake() : () => {};
try {
  // Before anything is measured: V8 goes on to optimise for thousands of runs.
  for (const { target } of contestants) {
    await load(target, { stream: false, concurrency: 8, count: Math.ceil((warm * 2) / 3) });
    await load(target, { stream: true, concurrency: 8, count: Math.ceil(warm / 3) });
  }
  for (const shape of shapesOf(language)) {
    const table = await contest(
      contestants,
      { ...shape, count: counted(shape.count) },
      { rounds, deltas },
    );
    process.stdout.write(`${table}\n\n`);
  }
  const counts = deltaCounts[language];
  const table = await deltaCost(contestants, { rounds, counts, concurrency: 16, paceMs });
  process.stdout.write(`${table}\n\n`);
} finally {
  endAwake();
  await close();
}

/** Processes that only run where nothing else would: a core that is awake takes no time to be woken. */
function keepAwake(): () => void {
  const script = 'for (;;);';
  const idle = Array.from({ length: availableParallelism() }, () =>
    spawn('chrt', ['--idle', '0', process.execPath, '-e', script], { stdio: 'ignore' }),
  );
  return () => {
    for (const one of idle) one.kill('SIGKILL');
  };
}
