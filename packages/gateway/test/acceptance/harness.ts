import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import OpenAI from 'openai';
import { launcher } from '../support/cli-process.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { patienceMs } from '../support/hang-limit.ts';
import { processesIn, type RunningProcess } from './processes.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

/** The folder of the package under test. */
export const packageRoot = dirname(dirname(import.meta.dirname));
const fixtures = join(packageRoot, 'test/fixtures/agents');

export type GatewayOptions = {
  /** Modules of `test/fixtures/agents` that are copied to `src/agents`. */
  readonly agents?: readonly string[];
  /** More files of the project: `gateway.yaml` → its text. */
  readonly files?: Readonly<Record<string, string>>;
  /** All the gateway has of an environment beside PATH and HOME. */
  readonly env?: Readonly<Record<string, string>>;
  /** A project that is there already; it is not removed by `stop`. */
  readonly project?: Project;
  /** A module that never ends to load is not waited for. */
  readonly isLoadingStill?: boolean;
  /** A program with arguments that starts the gateway, whose command follows; it keeps its process id. */
  readonly launchedBy?: readonly string[];
  /** The `dropgate` that is started; the one of the workspace without it. */
  readonly program?: string;
};

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** A gateway in a process of its own, started as a user starts it: `dropgate dev` in a folder. */
export type TestGateway = {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** The admin key of this project. */
  readonly key: string;
  readonly pid: number;
  readonly project: Project;
  /** OpenAI's own client, pointed here. Without retries: what is told once must be seen once. */
  client(options?: { readonly apiKey?: string }): OpenAI;
  /** Makes a caller's key, and waits until it holds. */
  createCallerKey(): Promise<string>;
  /** A request with the key. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** All it printed so far, both streams, without colours. */
  logs(): string;
  /** Its workers: the other processes that work in the project's folder. */
  workers(): Promise<readonly RunningProcess[]>;
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Exit>;
  /** Ends it and everything it started, and removes the project. Safe to call twice. */
  stop(): Promise<void>;
};

/**
 * Starts a gateway and waits until it is ready and every module is loaded, or known not to load: it is ready before
 * loads that take long, which on a busy machine are many. Throws with its output where it does not get ready.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<TestGateway> {
  const project = options.project ?? (await warmProject());
  for (const name of options.agents ?? [])
    await project.copy(join(fixtures, name), `src/agents/${name}`);
  await writeFiles(project, options.files ?? {});

  const { child, exited, output } = startProcess(project, options);
  const stop = async () => {
    await end(child, exited, 'SIGTERM');
    await killAll(project);
    if (!options.project) await project.remove();
  };
  try {
    const { url, key } = await whenReady(project, child, output);
    if (!options.isLoadingStill) await untilLoaded(url, key);
    const pid = child.pid ?? 0;
    return {
      url,
      key,
      pid,
      project,
      client: ({ apiKey = key } = {}) =>
        new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 }),
      createCallerKey: () => createCallerKey(url, key),
      fetch: (path, init) =>
        fetch(`${url}${path}`, {
          ...init,
          headers: { authorization: `Bearer ${key}`, ...init?.headers },
        }),
      logs: output,
      workers: async () => (await processesIn(project.root)).filter((one) => one.pid !== pid),
      end: (signal) => end(child, exited, signal),
      stop,
    };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

/** A spare costs more than most tests do; one that is about it says so in a `gateway.yaml` of its own. */
async function writeFiles(project: Project, files: Readonly<Record<string, string>>) {
  const isSet = existsSync(join(project.root, 'gateway.yaml'));
  await project.write(isSet ? files : { 'gateway.yaml': 'worker: { spares: 0 }\n', ...files });
}

/** A project whose workers start warm; one that a test brings itself starts cold, as a user's does. */
export async function warmProject(): Promise<Project> {
  const project = await createProject({});
  shareCompileCache(project.root);
  return project;
}

function startProcess(project: Project, { env = {}, launchedBy = [], ...options }: GatewayOptions) {
  const dropgate = options.program ? [options.program] : [process.execPath, launcher];
  const [program = '', ...args] = [...launchedBy, ...dropgate, 'dev'];
  const child = spawn(program, args, {
    cwd: project.root,
    env: { PATH: process.env.PATH, HOME: homedir(), GATEWAY_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  }
  const exited: Promise<Exit> = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  // A test process that ends early leaves nothing behind.
  const killGroup = () => child.pid && process.kill(-child.pid, 'SIGKILL');
  process.once('exit', killGroup);
  child.once('exit', () => process.off('exit', killGroup));
  return { child, exited, output: () => stripVTControlCharacters(pieces.join('')) };
}

/** Reads address and key where the gateway leaves them, then waits for `readyz`. */
async function whenReady(project: Project, child: ChildProcess, output: () => string) {
  const assertAlive = () => {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`The gateway ended before it was ready:\n${output()}`);
    }
  };
  try {
    const address = await until('.dropgate/gateway.json', async () => {
      assertAlive();
      const text = await readState(project, 'gateway.json');
      const record: { pid: number; address: string } | null = text ? JSON.parse(text) : null;
      // A project that was started before still holds the record of the process before.
      return record?.pid === child.pid && record?.address;
    });
    const url = new URL(address).origin;
    const key = await until('.dropgate/dev-key', () => readState(project, 'dev-key'));
    await until('readyz', async () => {
      assertAlive();
      return (await fetch(`${url}/readyz`)).ok;
    });
    return { url, key: key.trim() };
  } catch (thrown) {
    throw new Error(`The gateway did not get ready. Its output:\n${output()}`, { cause: thrown });
  }
}

async function untilLoaded(url: string, key: string): Promise<void> {
  await until('every module to be judged', async () => {
    const headers = { authorization: `Bearer ${key}` };
    const response = await fetch(`${url}/admin/agents`, { headers });
    const { agents } = (await response.json()) as { agents: { status: string }[] };
    return agents.every(({ status }) => status !== 'loading');
  });
}

async function createCallerKey(url: string, adminKey: string): Promise<string> {
  const headers = { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ role: 'caller' });
  const response = await fetch(`${url}/security/keys`, { method: 'POST', headers, body });
  const { key } = (await response.json()) as { key: string };
  await until('the new key to hold', async () => {
    return (await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).ok;
  });
  return key;
}

function readState(project: Project, name: string): Promise<string | null> {
  return readFile(join(project.root, '.dropgate', name), 'utf8').catch(() => null);
}

async function end(child: ChildProcess, exited: Promise<Exit>, signal: NodeJS.Signals) {
  child.kill(signal);
  const timeout = AbortSignal.timeout(patienceMs);
  const gaveUp = once(timeout, 'abort').then((): Exit => ({ code: null, signal: 'SIGKILL' }));
  const exit = await Promise.race([exited, gaveUp]);
  if (timeout.aborted) child.kill('SIGKILL');
  return exit;
}

async function killAll(project: Project): Promise<void> {
  for (const { pid } of await processesIn(project.root)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended by itself in between.
    }
  }
}
