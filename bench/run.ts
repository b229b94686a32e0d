/**
 * Measures the gateway against the minimal server of `bare-server.ts`: same agent, same SDK, same mock upstream,
 * interleaved rounds in one run, medians. Prints Markdown. Linux only (reads /proc). `npm run bench`.
 */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Sample, Target } from './load.ts';
import { load } from './load.ts';
import type { Server } from './processes.ts';
import { startScript, stop, treeCpuMs } from './processes.ts';

const rounds = Number(process.env.ROUNDS ?? 7);
const deltas = Number(process.env.DELTAS ?? 50);
const here = import.meta.dirname;
const launcher = resolve(here, '../packages/gateway/bin/dropgate.cjs');

type Contestant = { readonly name: string; readonly server: Server; readonly target: Target };
type Shape = {
  readonly stream: boolean;
  readonly concurrency: number;
  readonly count: number;
  readonly slowly?: boolean;
};
type Figures = Sample & { readonly cpuMsPerRun: number };

const shapes: readonly Shape[] = [
  { stream: false, concurrency: 1, count: 200 },
  { stream: false, concurrency: 16, count: 800 },
  { stream: true, concurrency: 1, count: 150 },
  { stream: true, concurrency: 16, count: 600 },
  { stream: true, concurrency: 1, count: 60, slowly: true },
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
    await load(target, { count: 400, concurrency: 8, stream: false });
    await load(target, { count: 200, concurrency: 8, stream: true });
  }
  for (const shape of shapes) report(shape, await measure(shape));
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

async function measure(shape: Shape): Promise<Map<string, Figures[]>> {
  const figures = new Map<string, Figures[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed();
    for (const { name, server, target } of order) {
      const before = treeCpuMs(server.pid);
      const sample = await load(target, shape);
      const cpuMsPerRun = (treeCpuMs(server.pid) - before) / shape.count;
      figures.get(name)?.push({ ...sample, cpuMsPerRun });
    }
  }
  return figures;
}

function report(shape: Shape, figures: ReadonlyMap<string, readonly Figures[]>): void {
  const of = (pick: (each: Figures) => number) =>
    contestants.map(({ name }) => median((figures.get(name) ?? []).map(pick)));
  const rows: [string, number[]][] = [
    ['CPU ms per run', of((each) => each.cpuMsPerRun)],
    ['runs/s', of((each) => shape.count / each.seconds)],
    ['p50 ms', of((each) => quantile(each.latenciesMs, 0.5))],
    ['p99 ms', of((each) => quantile(each.latenciesMs, 0.99))],
  ];
  if (shape.stream)
    rows.push(['first token p50 ms', of((each) => quantile(each.firstTextMs, 0.5))]);
  const title = `${shape.stream ? `streamed (${deltas} deltas${shape.slowly ? ', a pause after the first' : ''})` : 'whole'}, concurrency ${shape.concurrency}`;
  const lines = rows.map(([name, [bare = 0, gateway = 0]]) => {
    const shown = [bare, gateway, gateway - bare, gateway / bare].map((value) => value.toFixed(2));
    return `| ${name} | ${shown.join(' | ')} |`;
  });
  const head = [
    `| ${title} | bare | gateway | difference | ratio |`,
    '| --- | --- | --- | --- | --- |',
  ];
  process.stdout.write(`${[...head, ...lines].join('\n')}\n\n`);
}

function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
