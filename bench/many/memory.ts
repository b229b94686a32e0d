/**
 * Measures private memory of a gateway, a worker in TypeScript and a spare: idle, after runs, and a minute later. Prints
 * Markdown. Linux only (reads /proc). `node bench/many/memory.ts`; `RUNS`, `REST` (seconds).
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent } from 'undici';
import { startGatewayIn } from '../contestants.ts';
import { ask, load } from '../load.ts';
import { privateMb, startScript, stop, tree } from '../processes.ts';
import { untilQuiet } from '../reload/bench-gateway.ts';

const runs = Number(process.env.RUNS ?? 1600);
const rest = Number(process.env.REST ?? 65);

const project = mkdtempSync(join(tmpdir(), 'dropgate-memory-'));
const upstream = await startScript([join(import.meta.dirname, '../upstream/mock-upstream.ts')], {
  env: { DELTAS: '50' },
});
try {
  const { server, target } = await startGatewayIn(project, {
    name: 'gateway',
    env: {
      OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
      OPENAI_API_KEY: 'bench-upstream-key',
    },
  });
  try {
    const dispatcher = new Agent();
    await ask(target, dispatcher, { stream: false });
    await dispatcher.close();
    await untilQuiet(server.pid);
    const rows = [row('after one run', server.pid)];
    await pause(rest * 1000);
    rows.push(row(`${rest} s later`, server.pid));
    await load(target, { stream: false, concurrency: 16, count: Math.ceil(runs / 2) });
    await load(target, { stream: true, concurrency: 16, count: Math.ceil(runs / 2) });
    rows.push(row(`after ${runs} runs`, server.pid));
    await pause(rest * 1000);
    rows.push(row(`${rest} s after them`, server.pid));
    const head = '| private MB | gateway | worker | spare |\n| --- | --- | --- | --- |';
    process.stdout.write(`${[head, ...rows].join('\n')}\n\n`);
  } finally {
    await stop(server);
  }
} finally {
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}

/** The worker was a process before its spare was. */
function row(name: string, pid: number): string {
  const [own = pid, ...below] = tree(pid);
  const workers = below
    .filter((id) => readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('node'))
    .toSorted((a, b) => a - b);
  const [worker, spare] = workers;
  const shown = [own, worker, spare].map((id) =>
    id === undefined ? '–' : privateMb(id).toFixed(0),
  );
  return `| ${[name, ...shown].join(' | ')} |`;
}
