import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Contestant, contest, type Shape } from '../contest.ts';
import { load } from '../load.ts';
import { startScript, stop } from '../processes.ts';

const here = import.meta.dirname;
const launcher = resolve(here, '../../packages/gateway/bin/dropgate.cjs');

const shapes: readonly Shape[] = [
  { stream: false, concurrency: 1, count: 60 },
  { stream: false, concurrency: 16, count: 240 },
  { stream: true, concurrency: 1, count: 40 },
  { stream: true, concurrency: 16, count: 160 },
];

export type RunsOptions = {
  /** Absolute path of a Python with the SDK. */
  readonly python: string;
  readonly rounds: number;
  readonly deltas: number;
  /** Told each table as soon as it is measured. */
  readonly onTable: (table: string) => void;
};

/** Measures the gateway against `bare_server.py`: same agent, SDK, interpreter and upstream, rounds in turn. */
export async function measureRuns(options: RunsOptions): Promise<void> {
  const { python, deltas } = options;
  const upstream = await startScript([join(here, '../upstream/mock-upstream.ts')], {
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
    contestants.push(await startBare(python, upstreamEnv));
    contestants.push(await startGateway(project, { ...upstreamEnv, GATEWAY_PYTHON: python }));
    for (const { target } of contestants) {
      await load(target, { count: 60, concurrency: 8, stream: false });
      await load(target, { count: 60, concurrency: 8, stream: true });
    }
    for (const shape of shapes) options.onTable(await contest(contestants, shape, options));
  } finally {
    for (const { server } of contestants) await stop(server);
    await stop(upstream);
    rmSync(project, { recursive: true, force: true });
  }
}

type Environment = Readonly<Record<string, string>>;

async function startBare(python: string, env: Environment): Promise<Contestant> {
  const server = await startScript([join(here, 'bare_server.py')], { command: python, env });
  const target = { url: `http://127.0.0.1:${server.firstLine}`, headers: {}, model: 'bench' };
  return { name: 'bare', server, target };
}

async function startGateway(project: string, env: Environment): Promise<Contestant> {
  const keyCommand = [launcher, 'keys', 'create', '--role', 'caller', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, keyCommand, { cwd: project });
  const { key } = JSON.parse(stdout) as { key: string };
  const server = await startScript([launcher, 'start'], {
    cwd: project,
    env: { ...env, GATEWAY_PORT: '0', GATEWAY_UPSTREAM_API: 'responses' },
  });
  const { url } = JSON.parse(server.firstLine) as { url: string };
  const headers = { authorization: `Bearer ${key}` };
  return { name: 'gateway', server, target: { url, headers, model: 'default/bench' } };
}
