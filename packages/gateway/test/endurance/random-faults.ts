import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesIn, seesProcesses } from '../acceptance/processes.ts';
import { until } from '../acceptance/until.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { missingPython, pythonWithSdk } from '../support/python-with-sdk.ts';
import { writeFiles } from '../support/temp-folder.ts';
import { createAdminCaller } from './faults/admin-caller.ts';
import { createSend, type Send } from './faults/ask-agent.ts';
import { createBackgroundCaller } from './faults/background-caller.ts';
import { type Caller, letCall } from './faults/caller.ts';
import { type Books, readBooks, wrongBooks } from './faults/check-books.ts';
import { createConversationCaller } from './faults/conversation-caller.ts';
import { isDocumented } from './faults/documented-errors.ts';
import type { FaultBench } from './faults/fault-bench.ts';
import { faultTable } from './faults/fault-table.ts';
import { startFaultUpstream } from './faults/fault-upstream.ts';
import { createFaultedGateway } from './faults/faulted-gateway.ts';
import { createGround } from './faults/ground.ts';
import { createOnceCaller } from './faults/once-caller.ts';
import { createAsker } from './faults/plain-callers.ts';
import { playRound } from './faults/play-rounds.ts';
import { agentFiles, agents, settings } from './faults/project-files.ts';
import { type FaultKind, faultKinds, planRounds } from './faults/schedule.ts';
import { createWitness } from './faults/witness.ts';

/** Any other makes other faults, at other moments. */
const seed = Number(process.env.FAULT_SEED ?? 1);

/** Takes what the gateway logged. */
const logFile = process.env.FAULT_LOG;

const missing = await missingPython();

/**
 * The one test of a gateway to which everything happens while it is called.
 *
 * @param options.seconds - How long faults go on; null for each kind once.
 * @param options.kinds - Those that happen; all without it.
 * @param options.most - The most calls before a fault, and while it lasts.
 * @param options.servesWithinMs - After the last of faults that overlap; null where a state is waited for alone.
 */
export function testRandomFaults(options: {
  readonly seconds: number | null;
  readonly kinds?: readonly FaultKind[];
  readonly most: number;
  readonly servesWithinMs: number | null;
}): void {
  const { seconds, most, servesWithinMs, kinds: wanted = faultKinds } = options;
  let bench: FaultBench;
  let send: Send;
  const ends: (() => Promise<unknown>)[] = [];
  const beganMs = performance.now();

  beforeAll(async () => {
    if (!seesProcesses) return;
    bench = await makeBench(ends);
    send = createSend(bench.gateway.url);
  });
  afterAll(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const span = seconds === null ? 'each once' : `for ${seconds} s`;
  test.runIf(seesProcesses)(
    `faults at random, ${span}, lose nothing and give no wrong answer (FAULT_SEED=${seed})`,
    async () => {
      const callers = await makeCallers(bench, send);
      const calling = letCall(callers);
      const servedAfterMs: number[] = [];
      let books: Books[] = [];
      try {
        for (const round of roundsOf(bench, { seconds, most, wanted })) {
          servedAfterMs.push((await playRound(bench, round, send)).servedAfterMs);
        }
        await calling.end();
        await bench.gateway.shiftClock(0);
        await untilAllIsOver(bench);
        books = await readBooks(
          bench,
          callers.filter(({ who }) => who.startsWith('desk')),
        );
        const lost = await Promise.all(callers.map(({ check }) => check()));
        expect(lost.flat()).toEqual([]);
        expect(wrongBooks(books)).toEqual([]);
        expect(bench.witness.wrongs).toEqual([]);
        expect(await bench.gateway.end()).toBe(0);
        expect(await processesIn(bench.ground.root)).toEqual([]);
        if (servesWithinMs) expect(Math.max(...servedAfterMs)).toBeLessThan(servesWithinMs);
      } finally {
        const leftOut = bench.ground.noDisks;
        const table = faultTable(bench.witness, { beganMs, servedAfterMs, books, leftOut });
        if (logFile) writeFileSync(logFile, bench.gateway.logs());
        process.stderr.write(`FAULT_SEED=${seed}\n${table}`);
      }
    },
    (seconds ?? 0) * 2000 + 300_000,
  );
}

/** @param ends - Takes what ends each part of it, also where the next one fails. */
async function makeBench(ends: (() => Promise<unknown>)[]): Promise<FaultBench> {
  const ground = await createGround({ diskMb: 128 });
  ends.push(ground.remove);
  const upstream = await startFaultUpstream();
  ends.push(upstream.stop);
  const served = agents.filter(({ file }) => file === 'agent.ts' || !missing);
  shareCompileCache(ground.view);
  await writeFiles(ground.view, {
    'gateway.yaml': settings(upstream.baseUrl),
    ...agentFiles(1, served),
  });
  const env = { OPENAI_API_KEY: 'sk-faults', ...(!missing && { GATEWAY_PYTHON: pythonWithSdk() }) };
  const gateway = await createFaultedGateway(ground, env);
  ends.push(gateway.kill);
  await gateway.start();
  const versions = { newest: 1, oldest: 1 };
  return {
    ground,
    gateway,
    upstream,
    witness: createWitness(isDocumented),
    agents: served,
    versions,
  };
}

async function makeCallers(bench: FaultBench, send: Send): Promise<Caller[]> {
  const deps = { bench, send };
  const [first] = bench.agents;
  return [
    ...(await Promise.all(bench.agents.map((agent) => createAsker(deps, agent)))),
    await createAsker(deps, first ?? agents[0], { tokens_per_day: 100_000_000 }),
    await createOnceCaller(deps),
    await createBackgroundCaller(deps),
    await createConversationCaller(deps),
    createAdminCaller(deps),
  ];
}

type RoundOptions = {
  readonly seconds: number | null;
  readonly most: number;
  readonly wanted: readonly FaultKind[];
};

/** Until the time is over, or each kind was there once. */
function* roundsOf({ ground }: FaultBench, { seconds, most, wanted }: RoundOptions) {
  const kinds = wanted.filter((kind) => !ground.noDisks || !kind.endsWith('full'));
  const untilMs = performance.now() + (seconds ?? 0) * 1000;
  let left = kinds.length;
  for (const round of planRounds(seed, { kinds, most })) {
    if (seconds === null ? left <= 0 : performance.now() > untilMs) return;
    left -= round.length;
    yield round;
  }
}

/** Nothing runs, is streamed or waits any more, and nothing is said to. */
async function untilAllIsOver({ gateway }: FaultBench): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.key}` };
  await until('nothing to go on', async () => {
    const metrics = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
    const counts = ['runs_active', 'streams_open', 'runs_queued'].map(
      (name) => new RegExp(`^dropgate_${name} (\\d+)`, 'm').exec(metrics)?.[1],
    );
    return counts.join() === '0,0,0';
  });
  await until('no run to go on in the journal', async () => {
    const answer = await fetch(`${gateway.url}/admin/runs?outcome=running`, { headers });
    return ((await answer.json()) as { runs: unknown[] }).runs.length === 0;
  });
}
