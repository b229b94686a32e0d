/**
 * Measures the gateway against the minimal server of `bare-server.ts`: same agent, same SDK, same mock upstream,
 * interleaved rounds in one run, medians. Prints Markdown. Linux only (reads /proc). `npm run bench`. `AWAKE=1` keeps the
 * cores from sleeping, with work that gives way to all other.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { contest, type Shape } from './contest.ts';
import { startPair } from './contestants.ts';
import { load } from './load.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const deltas = Number(process.env.DELTAS ?? 50);

/** Many at once first: what comes after is measured on code that has run often. */
const shapes: readonly Shape[] = [
  { stream: false, concurrency: 16, count: 800 },
  { stream: true, concurrency: 16, count: 600 },
  { stream: false, concurrency: 1, count: 200 },
  { stream: true, concurrency: 1, count: 150 },
  { stream: true, concurrency: 1, count: 60, slowly: true },
];
/** Of each contestant, before anything is measured: V8 goes on to optimise for thousands of runs. */
const warmUp: readonly Shape[] = [
  { stream: false, concurrency: 8, count: 2000 },
  { stream: true, concurrency: 8, count: 1000 },
];

const { contestants, close } = await startPair({ deltas });
const endAwake = process.env.AWAKE ? keepAwake() : () => {};
try {
  for (const { target } of contestants) {
    for (const shape of warmUp) await load(target, shape);
  }
  for (const shape of shapes) {
    process.stdout.write(`${await contest(contestants, shape, { rounds, deltas })}\n\n`);
  }
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
