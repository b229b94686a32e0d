/**
 * Measures 50 agents under mixed load in a gateway that has room for fewer workers: the one unused for longest makes room.
 * Clients ask one of them after another, few of them often and most seldom, half in streams. Prints Markdown. Ends with 1 where a
 * request failed. Linux only (reads /proc). `node bench/many/mixed-load.ts`; `AGENTS`, `WORKERS`, `CLIENTS`, `SECONDS`, `SEED`.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { startGatewayIn } from '../contestants.ts';
import { ask, type Target } from '../load.ts';
import { memoryOf, startScript, stop } from '../processes.ts';
import { quantile } from '../quantile.ts';
import { chances } from './chances.ts';

const number = (name: string, otherwise: number) => Number(process.env[name] ?? otherwise);
const agents = number('AGENTS', 50);
const workers = number('WORKERS', 12);
/** Fewer than workers: each of them may be busy at an agent of its own. */
const clients = number('CLIENTS', 8);
const seconds = number('SECONDS', 40);
const seed = number('SEED', 1);

type Answer = { readonly totalMs: number; readonly isStreamed: boolean };

const here = import.meta.dirname;
const project = mkdtempSync(join(tmpdir(), 'dropgate-mixed-'));
for (let index = 0; index < agents; index += 1) {
  const folder = join(project, 'src/agents', `Agent${index}`);
  cpSync(join(here, '../agents/Bench'), folder, { recursive: true });
}
const upstream = await startScript([join(here, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: '50' },
});
try {
  const { server, target } = await startGatewayIn(project, {
    name: 'gateway',
    role: 'admin',
    env: {
      OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
      OPENAI_API_KEY: 'bench-upstream-key',
    },
    settings: `worker: { max_workers: ${workers} }\n`,
  });
  try {
    // Each has answered once before: what is measured is how agents make room, not their first load.
    await asksEach(target);
    process.stdout.write(`${await measure(target, server.pid)}\n\n`);
  } finally {
    await stop(server);
  }
} finally {
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}

async function asksEach(target: Target): Promise<void> {
  const dispatcher = new Agent({ connections: 1, pipelining: 1 });
  for (let index = 0; index < agents; index += 1) {
    await ask({ ...target, model: `default/agent${index}` }, dispatcher, { stream: false });
  }
  await dispatcher.close();
}

async function measure(target: Target, pid: number): Promise<string> {
  const before = await evictions(target);
  const answers: Answer[] = [];
  const failures: string[] = [];
  const most = { ownMb: 0, belowMb: 0 };
  const endsAtMs = performance.now() + seconds * 1000;
  const isOver = () => performance.now() > endsAtMs;
  const asking = Array.from({ length: clients }, async (_, client) => {
    const dispatcher = new Agent({ connections: 1, pipelining: 1 });
    const chance = chances(seed * 1000 + client);
    while (!isOver()) {
      const isStreamed = chance() < 0.5;
      const model = `default/agent${picked(chance())}`;
      try {
        const { totalMs } = await ask({ ...target, model }, dispatcher, { stream: isStreamed });
        answers.push({ totalMs, isStreamed });
      } catch (error) {
        failures.push(String(error));
      }
    }
    await dispatcher.close();
  });
  while (!isOver()) {
    await pause(1000);
    const { own, below } = memoryOf(pid);
    most.ownMb = Math.max(most.ownMb, own);
    most.belowMb = Math.max(most.belowMb, below);
  }
  await Promise.all(asking);
  if (failures.length > 0) process.exitCode = 1;
  const evicted = (await evictions(target)) - before;
  return tables({ answers, failures, evicted, most });
}

/** A few are asked often and many seldom: each less often than the one before it, as 1, 1/2, 1/3, … */
function picked(chance: number): number {
  const weights = Array.from({ length: agents }, (_, index) => 1 / (index + 1));
  let left = chance * weights.reduce((sum, weight) => sum + weight, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return agents - 1;
}

/** Workers that ended so far to make room, by the gateway's own count. */
async function evictions({ url, headers }: Target): Promise<number> {
  const { body } = await request(`${url}/metrics`, { headers });
  const text = await body.text();
  const lines = text.matchAll(/^dropgate_worker_ends_total\{[^}]*reason="evicted"[^}]*\} (\d+)/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

function tables(seen: {
  readonly answers: readonly Answer[];
  readonly failures: readonly string[];
  readonly evicted: number;
  readonly most: { readonly ownMb: number; readonly belowMb: number };
}): string {
  const { answers, failures, evicted, most } = seen;
  const row = (name: string, of: readonly Answer[]) => {
    const times = of.map(({ totalMs }) => totalMs);
    const shown = [0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(1));
    const failed = name === 'all' ? String(failures.length) : '';
    return `| ${[name, of.length, (of.length / seconds).toFixed(0), failed, ...shown].join(' | ')} |`;
  };
  return [
    `| requests to ${agents} agents, room for ${workers} workers, ${clients} clients, ${seconds} s | answered | a second | failed | p50 ms | p90 ms | p99 ms | most ms |`,
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    row('all', answers),
    row(
      'whole',
      answers.filter(({ isStreamed }) => !isStreamed),
    ),
    row(
      'streamed',
      answers.filter(({ isStreamed }) => isStreamed),
    ),
    '',
    '| workers | |',
    '| --- | --- |',
    `| evicted | ${evicted} |`,
    `| requests an eviction | ${evicted === 0 ? '–' : (answers.length / evicted).toFixed(1)} |`,
    `| most private MB of the gateway | ${most.ownMb.toFixed(0)} |`,
    `| most private MB of all below it | ${most.belowMb.toFixed(0)} |`,
    ...failures.slice(0, 3).map((failure) => `\nFailed: ${failure.slice(0, 300)}`),
  ].join('\n');
}
