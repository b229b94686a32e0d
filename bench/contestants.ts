import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Contestant } from './contest.ts';
import { type Server, startScript, stop } from './processes.ts';
import { profiling } from './security/profiled-process.ts';

const here = import.meta.dirname;
const launcher = resolve(here, '../packages/gateway/bin/dropgate.cjs');

/** The bare server and the gateway, in this order, and the upstream that both ask. */
export type Pair = {
  readonly contestants: readonly [bare: Contestant, gateway: Contestant];
  readonly upstream: Server;
  /** Ends all of them. */
  readonly close: () => Promise<void>;
};

/**
 * Starts the mock upstream, a bare server and `dropgate start` with the same agent, in TypeScript or Python.
 *
 * @param options.deltas - Words of an answer.
 * @param options.paceMs - Pause before each word where the question says "evenly".
 * @param options.settings - Text of `gateway.yaml`; without it the defaults hold.
 * @param options.python - A Python with the SDK: both run the agent in Python.
 * @param options.isAsked - Whether both servers tell what `profiled-process.ts` asks.
 */
export async function startPair(options: {
  readonly deltas: number;
  readonly paceMs?: number;
  readonly settings?: string;
  readonly python?: string;
  readonly isAsked?: boolean;
}): Promise<Pair> {
  const { python } = options;
  const project = mkdtempSync(join(tmpdir(), 'dropgate-bench-'));
  const agents = join(here, python ? 'python/agents' : 'agents');
  cpSync(agents, join(project, 'src/agents'), { recursive: true });
  if (options.settings) writeFileSync(join(project, 'gateway.yaml'), options.settings);
  const upstream = await startScript([join(here, 'upstream/mock-upstream.ts')], {
    env: { DELTAS: String(options.deltas), PACE_MS: String(options.paceMs ?? 0) },
  });
  const upstreamEnv = {
    OPENAI_BASE_URL: `http://127.0.0.1:${upstream.firstLine}/v1`,
    OPENAI_API_KEY: 'bench-upstream-key',
  };
  const started: Contestant[] = [];
  const close = async () => {
    for (const { server } of started) await stop(server);
    await stop(upstream);
    rmSync(project, { recursive: true, force: true });
  };
  try {
    const asked: Asked = options.isAsked ? { args: profiling, channel: 'ipc' } : { args: [] };
    const bare = await startBare(upstreamEnv, python ? { args: [], command: python } : asked);
    started.push(bare);
    const env = { ...upstreamEnv, ...(python ? { GATEWAY_PYTHON: python } : {}) };
    const gateway = await startGateway(project, env, asked);
    started.push(gateway);
    return { contestants: [bare, gateway], close, upstream };
  } catch (error) {
    await close();
    throw error;
  }
}

type Asked = {
  readonly args: readonly string[];
  readonly channel?: 'ipc';
  readonly command?: string;
};

async function startBare(env: Record<string, string>, asked: Asked): Promise<Contestant> {
  const { args, ...options } = asked;
  const script = options.command ? 'python/bare_server.py' : 'bare-server.ts';
  const server = await startScript([...args, join(here, script)], { env, ...options });
  const target = { url: `http://127.0.0.1:${server.firstLine}`, headers: {}, model: 'bench' };
  return { name: 'bare', server, target };
}

/**
 * Starts `dropgate start` in a project of its own that has the agent, with more of an environment.
 *
 * @param options.role - Of the key. Default `caller`.
 * @param options.limits - Of the key, as options of `dropgate keys create`. Default none.
 * @param options.settings - Text of `gateway.yaml`; without it the defaults hold.
 */
export async function startGatewayIn(
  project: string,
  options: {
    readonly name: string;
    readonly env: Record<string, string>;
    readonly role?: 'caller' | 'admin';
    readonly limits?: readonly string[];
    readonly settings?: string;
  },
): Promise<Contestant> {
  cpSync(join(here, 'agents'), join(project, 'src/agents'), { recursive: true });
  if (options.settings) writeFileSync(join(project, 'gateway.yaml'), options.settings);
  const { role = 'caller', limits = [] } = options;
  const asked = { args: [], role, limits };
  return { ...(await startGateway(project, options.env, asked)), name: options.name };
}

type KeyOptions = { readonly role?: string; readonly limits?: readonly string[] };

/** Starts `dropgate start` in a folder that has agents, with more of an environment and a key of its own. */
export async function startGateway(
  cwd: string,
  env: Record<string, string>,
  { args, role = 'caller', limits = [], ...options }: Asked & KeyOptions = { args: [] },
): Promise<Contestant> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [launcher, 'keys', 'create', '--role', role, ...limits, '--json'],
    { cwd },
  );
  const { key } = JSON.parse(stdout) as { key: string };
  const server = await startScript([...args, launcher, 'start'], {
    ...options,
    cwd,
    env: { ...env, GATEWAY_PORT: '0', GATEWAY_UPSTREAM_API: 'responses' },
  });
  const { url } = JSON.parse(server.firstLine) as { url: string };
  const headers = { authorization: `Bearer ${key}` };
  return { name: 'gateway', server, target: { url, headers, model: 'default/bench' } };
}
