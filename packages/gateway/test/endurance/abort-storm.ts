import { expect, onTestFinished } from 'vitest';
import { until } from '../acceptance/until.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { createCallers } from './ask-planned.ts';
import { lookAtOpen, type Open, untilClosed, untilZero } from './at-rest.ts';
import { expectBookedOnce } from './booked-once.ts';
import { testEndurance } from './describe-endurance.ts';
import { createGrowth, type Growth } from './growth.ts';
import { createPlans, type StormAgent } from './planned-request.ts';
import { quantile } from './quantile.ts';
import { createTally, runStorm, type StormTally } from './run-storm.ts';
import { type StormGateway, startStormGateway } from './storm-gateway.ts';

export type StormOptions = {
  readonly agents: readonly StormAgent[];
  readonly count: number;
  readonly seed: number;
  /** How often memory is read. */
  readonly windows: number;
  /** Most that what the gateway and each worker of Node hold may grow with 100,000 requests, in MB; null where too few are sent to tell. */
  readonly mostMbPer100k: number | null;
  /** The time in which 99 of 100 runs have to be stopped; null on a machine that does other work as well. */
  readonly stoppedWithinMs: number | null;
};

/** Requests at a time. */
const CONCURRENCY = 12;

/** Before anything is measured: what is made once has been made. */
const WARM_REQUESTS = 200;

/** How long a request may take on average before a test of many gives up. */
const PATIENCE_PER_REQUEST_MS = 100;

/** Far more than caches take; a body, an answer or a run that is never given up would be more. */
const MOST_GROWN_MB = 48;

/** Very many requests, of which one in ten is left by its caller. */
export function testAbortStorm(options: StormOptions): void {
  const { agents, count, seed } = options;
  const names = agents.map(({ name }) => name).join(', ');
  testEndurance(
    'TypeScript',
    `${count} requests, a tenth of them left by their callers, leave nothing behind (${names}, ENDURANCE_SEED=${seed})`,
    {
      timeout: hangTimeoutMs + count * PATIENCE_PER_REQUEST_MS,
      run: () => outlast(options),
    },
  );
}

async function outlast(options: StormOptions): Promise<void> {
  const planOf = createPlans(options.seed, options.agents);
  const begunAtSeconds = Date.now() / 1000;
  const storm = await startStormGateway(options.agents, (id) => planOf(id).key);
  onTestFinished(storm.stop);
  const warm = createTally();
  const before = await warmUp(storm, planOf, warm);
  const growth = createGrowth(storm.memory, [storm.gateway.pid, ...before.nodeWorkers]);
  const tally = createTally();
  const seconds = await sendAll(storm, { ...options, planOf, growth, tally });
  process.stdout.write(report(tally, growth, seconds));

  expect([...warm.wrong, ...tally.wrong]).toEqual([]);
  expect(tally.answered + tally.left).toBe(options.count);
  // No worker has died, and nothing has stayed open.
  await untilClosed(storm.gateway, before.open);
  await expectBookedOnce(storm, { begunAtSeconds, left: warm.left + tally.left });
  expect(Math.max(...growth.grownMb())).toBeLessThan(MOST_GROWN_MB);
  expectBars(options, tally, growth);
  expect(storm.gateway.logs()).not.toMatch(/fault survived|gateway_failed/);
}

/** Sends all of them, and reads memory whenever a part of them is over; gives how many seconds that took. */
async function sendAll(
  storm: StormGateway,
  sent: Pick<StormOptions, 'count' | 'windows'> & {
    readonly planOf: ReturnType<typeof createPlans>;
    readonly growth: Growth;
    readonly tally: StormTally;
  },
): Promise<number> {
  const { count, windows, planOf, growth, tally } = sent;
  const upTo = (window: number) => Math.round((count * window) / windows);
  const startedMs = performance.now();
  await growth.look(0);
  for (let window = 1; window <= windows; window += 1) {
    const [from, to] = [upTo(window - 1), upTo(window)].map((sum) => WARM_REQUESTS + sum);
    const callers = createCallers(storm.gateway.url);
    const requests = { from: from ?? 0, to: to ?? 0, concurrency: CONCURRENCY, planOf, callers };
    await runStorm(storm, requests, tally);
    callers.close();
    await untilIdle(storm);
    await growth.look(upTo(window));
  }
  return (performance.now() - startedMs) / 1000;
}

/** What holds where enough was sent to tell, and where nobody else uses the machine. */
function expectBars(
  { mostMbPer100k, stoppedWithinMs }: StormOptions,
  { upstreamMs, workerMs }: StormTally,
  growth: Growth,
): void {
  if (mostMbPer100k !== null) {
    expect(Math.max(...growth.slopesMb())).toBeLessThan(mostMbPer100k);
  }
  if (stoppedWithinMs === null) return;
  for (const times of [upstreamMs, workerMs])
    expect(quantile(times, 0.99)).toBeLessThan(stoppedWithinMs);
}

type Warm = { readonly open: Open; readonly nodeWorkers: readonly number[] };

async function warmUp(
  storm: StormGateway,
  planOf: ReturnType<typeof createPlans>,
  tally: StormTally,
): Promise<Warm> {
  const open = await lookAtOpen(storm.gateway);
  const callers = createCallers(storm.gateway.url);
  const requests = { from: 0, to: WARM_REQUESTS, concurrency: CONCURRENCY, planOf, callers };
  await runStorm(storm, requests, tally);
  callers.close();
  await untilIdle(storm);
  const workers = await storm.gateway.workers();
  const nodeWorkers = workers.filter(({ command }) => !command.includes('dropgate_worker'));
  return { open, nodeWorkers: nodeWorkers.map(({ pid }) => pid) };
}

async function untilIdle({ gateway, upstream, lines }: StormGateway): Promise<void> {
  await untilZero(gateway);
  await until('the model calls and runs to be over', () => {
    return upstream.openCalls() + lines.openLines() === 0;
  });
}

function report(
  { answered, left, upstreamMs, workerMs }: StormTally,
  growth: Growth,
  seconds: number,
): string {
  const times = (name: string, all: readonly number[]) => {
    const [p50, p99, most] = [0.5, 0.99, 1].map((share) => quantile(all, share).toFixed(1));
    return `left → ${name}: p50 ${p50}, p99 ${p99}, most ${most} ms of ${all.length}`;
  };
  const rate = ((answered + left) / seconds).toFixed(0);
  return [
    `${answered} answered, ${left} left, ${seconds.toFixed(0)} s (${rate} a second)`,
    times('closed at the upstream', upstreamMs),
    times('stopped in the worker', workerMs),
    ...growth.lines(),
    '',
  ].join('\n');
}
