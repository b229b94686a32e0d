import { afterAll, beforeAll, expect, test } from 'vitest';
import { seesProcesses } from '../acceptance/processes.ts';
import { until } from '../acceptance/until.ts';
import { hangTimeoutMs } from '../support/hang-limit.ts';
import { createCallers } from './ask-planned.ts';
import { lookAtOpen, type Open, untilClosed, untilZero } from './at-rest.ts';
import { expectBookedOnce } from './booked-once.ts';
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
  const { agents, count, seed, windows } = options;
  const planOf = createPlans(seed, agents);
  const names = agents.map(({ name }) => name).join(', ');
  let storm: StormGateway;

  beforeAll(async () => {
    storm = await startStormGateway(agents, (id) => planOf(id).key);
  });
  afterAll(() => storm?.stop());

  test.runIf(seesProcesses)(
    `${count} requests, a tenth of them left by their callers, leave nothing behind (${names}, ENDURANCE_SEED=${seed})`,
    { timeout: hangTimeoutMs + count * PATIENCE_PER_REQUEST_MS },
    async () => {
      const begunAtSeconds = Date.now() / 1000;
      const warm = createTally();
      const before = await warmUp(storm, planOf, warm);
      const growth = createGrowth(storm.memory, [storm.gateway.pid, ...before.nodeWorkers]);
      await growth.look(0);

      const tally = createTally();
      const startedMs = performance.now();
      for (let window = 1; window <= windows; window += 1) {
        const from = WARM_REQUESTS + Math.round((count * (window - 1)) / windows);
        const to = WARM_REQUESTS + Math.round((count * window) / windows);
        const callers = createCallers(storm.gateway.url);
        await runStorm(storm, { from, to, concurrency: CONCURRENCY, planOf, callers }, tally);
        callers.close();
        await untilIdle(storm);
        await growth.look(to - WARM_REQUESTS);
      }
      const seconds = (performance.now() - startedMs) / 1000;
      process.stdout.write(report(tally, growth, seconds));

      expect([...warm.wrong, ...tally.wrong]).toEqual([]);
      expect([tally.answered + tally.left, tally.upstreamMs.length > 0]).toEqual([count, true]);
      // No worker has died, and nothing has stayed open.
      await untilClosed(storm.gateway, before.open);
      await expectBookedOnce(storm, { begunAtSeconds, left: warm.left + tally.left });
      expect(growth.grownMb()).toSatisfy((all: number[]) => all.every((mb) => mb < MOST_GROWN_MB));
      if (options.mostMbPer100k !== null) {
        expect(Math.max(...growth.mbPer100k())).toBeLessThan(options.mostMbPer100k);
      }
      if (options.stoppedWithinMs !== null) {
        for (const times of [tally.upstreamMs, tally.workerMs])
          expect(quantile(times, 0.99)).toBeLessThan(options.stoppedWithinMs);
      }
      expect(storm.gateway.logs()).not.toMatch(/fault survived|gateway_failed/);
    },
  );
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
