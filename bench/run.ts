/**
 * Measures the gateway against the minimal server of `bare-server.ts`: same agent, same SDK, same mock upstream,
 * interleaved rounds in one run, medians. Prints Markdown. Linux only (reads /proc). `npm run bench`.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Contestant, contest, type Shape } from './contest.ts';
import { load } from './load.ts';
import { startScript, stop } from './processes.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const deltas = Number(process.env.DELTAS ?? 50);
const here = import.meta.dirname;
const launcher = resolve(here, '../packages/gateway/bin/dropgate.cjs');

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

const upstream = await startScript([join(here, 'mock-upstream.ts')], {
  env: { DELTAS: String(deltas) },
});
const upstreamEnv = {
  OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
  OPENAI_API_KEY: 'bench-upstream-key',
};
const project = mkdtempSync(join(tmpdir(), 'dropgate-bench-'));
cpSync(join(here, 'agents'), join(project, 'src/agents'), { recursive: true });

const contestants: Contestant[] = [];
try {
  contestants.push(await startBare(), await startGateway());
  for (const { target } of contestants) {
    for (const shape of warmUp) await load(target, shape);
  }
  for (const shape of shapes) {
    process.stdout.write(`${await contest(contestants, shape, { rounds, deltas })}\n\n`);
  }
} finally {
  for (const { server } of contestants) await stop(server);
  await stop(upstream);
  rmSync(project, { recursive: true, force: true });
}

async function startBare(): Promise<Contestant> {
  const server = await startScript([join(here, 'bare-server.ts')], { env: upstreamEnv });
  const target = { url: `http://127.0.0.1:${server.firstLine}`, headers: {}, model: 'bench' };
  return { name: 'bare', server, target };
}

async function startGateway(): Promise<Contestant> {
  const { key } = JSON.parse(await runCli(['keys', 'create', '--role', 'caller', '--json'])) as {
    key: string;
  };
  const server = await startScript([launcher, 'start'], {
    cwd: project,
    env: { ...upstreamEnv, GATEWAY_PORT: '0', GATEWAY_UPSTREAM_API: 'responses' },
  });
  const { url } = JSON.parse(server.firstLine) as { url: string };
  const headers = { authorization: `Bearer ${key}` };
  return { name: 'gateway', server, target: { url, headers, model: 'default/bench' } };
}

async function runCli(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...args], {
    cwd: project,
  });
  return stdout;
}
