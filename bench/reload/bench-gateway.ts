import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, request } from 'undici';
import { startScript, stop, tree, treeCpuMs } from '../processes.ts';

const launcher = resolve(import.meta.dirname, '../../packages/gateway/bin/dropgate.cjs');

/** A project folder of its own; `write` makes folders as needed. */
export type BenchProject = {
  readonly root: string;
  readonly write: (path: string, text: string) => void;
  readonly remove: () => void;
};

export function createBenchProject(): BenchProject {
  const root = mkdtempSync(join(tmpdir(), 'dropgate-bench-'));
  return {
    root,
    write(path, text) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

export type Answer = {
  readonly ok: boolean;
  readonly text: string;
  /** Each version marker (`v7;`) that the answer holds, once. */
  readonly versions: readonly number[];
};

export type BenchGateway = {
  readonly pid: number;
  /** From the start of the process to the first 200 of `readyz`. */
  readonly readyMs: number;
  readonly ask: (
    model: string,
    options?: { readonly stream?: boolean; readonly text?: string },
  ) => Promise<Answer>;
  /** `GET`, or `POST` for paths that change something; the parsed body. */
  readonly fetch: (path: string, method?: 'GET' | 'POST') => Promise<unknown>;
  /** Ends it and waits for it and all below it to be gone; gives how many were not. */
  readonly stop: () => Promise<number>;
};

/** Starts `dropgate start` with watching on, and with more of an environment, and waits for `readyz`. */
export async function startBenchGateway(
  project: BenchProject,
  env: Readonly<Record<string, string>> = {},
): Promise<BenchGateway> {
  const key = await createKey(project);
  const startedMs = performance.now();
  const server = await startScript([launcher, 'start'], {
    cwd: project.root,
    env: { GATEWAY_PORT: '0', GATEWAY_AGENT_WATCH: '1', ...env },
  });
  const { address: url } = JSON.parse(
    readFileSync(join(project.root, '.dropgate/gateway.json'), 'utf8'),
  ) as { address: string };
  const dispatcher = new Agent({ connections: 256, pipelining: 1 });
  while ((await statusOf(`${url}/readyz`, dispatcher)) !== 200) await wait(10);
  const readyMs = performance.now() - startedMs;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  return {
    pid: server.pid,
    readyMs,
    ask: async (model, { stream = false, text: content = 'Hi' } = {}) => {
      const messages = [{ role: 'user', content }];
      const body = JSON.stringify({ model, stream, messages });
      const options = { method: 'POST', dispatcher, headers, body } as const;
      const response = await request(`${url}/v1/chat/completions`, options);
      const text = await response.body.text();
      const whole = !stream || text.includes('[DONE]');
      const versions = new Set(
        [...text.matchAll(/v(\d+);/g)].map(([, version]) => Number(version)),
      );
      const ok = response.statusCode === 200 && whole && !text.includes('"error"');
      return { ok, text, versions: [...versions] };
    },
    fetch: async (path, method = 'GET') => {
      const response = await request(`${url}${path}`, { method, dispatcher, headers });
      return response.body.json();
    },
    stop: async () => {
      const pids = tree(server.pid);
      await dispatcher.destroy();
      await stop(server);
      return pids.filter(isAlive).length;
    },
  };
}

async function createKey(project: BenchProject): Promise<string> {
  const args = [launcher, 'keys', 'create', '--role', 'admin', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project.root });
  return (JSON.parse(stdout) as { key: string }).key;
}

async function statusOf(url: string, dispatcher: Agent): Promise<number> {
  try {
    const { statusCode, body } = await request(url, { dispatcher });
    await body.dump();
    return statusCode;
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const quietWindowMs = 250;
const quietCpuMs = 20;

/** Waits until a gateway and its workers have done nothing for two windows in a row: the spare is warm then. */
export async function untilQuiet(pid: number): Promise<void> {
  let before = treeCpuMs(pid);
  for (let quietWindows = 0; quietWindows < 2; ) {
    await wait(quietWindowMs);
    const now = treeCpuMs(pid);
    quietWindows = now - before <= quietCpuMs ? quietWindows + 1 : 0;
    before = now;
  }
}

/** Resident memory of a process in MB. */
export function rssMb(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}
