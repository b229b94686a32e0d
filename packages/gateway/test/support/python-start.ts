import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { pythonWithSdk } from './python-with-sdk.ts';

/** Folder of the Python packages of the worker. */
export const pythonFolder = join(import.meta.dirname, '../../python');

/** How a process ended, and all it printed. */
export type Outcome = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
};

/** A Python worker that runs, with the gateway's end of its channel. */
export type StartedPython = {
  readonly pid: number;
  readonly channel: Duplex;
  readonly ended: Promise<Outcome>;
};

function environment(pythonPath: readonly string[] = []) {
  return {
    PATH: process.env.PATH ?? '',
    PYTHONPATH: [pythonFolder, ...pythonPath].join(delimiter),
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/** Starts a worker as the gateway does, cold. `python` is one with the SDK unless given. */
export async function spawnPython(
  cwd: string,
  {
    python,
    pythonPath,
  }: { readonly python?: string; readonly pythonPath?: readonly string[] } = {},
): Promise<StartedPython> {
  const child = spawn(python ?? pythonWithSdk(), ['-m', 'dropgate_worker'], {
    cwd,
    env: environment(pythonPath),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const outputs = [child.stdout, child.stderr].map((stream) => textOf(stream as Readable));
  const ended = once(child, 'close').then(async ([code, signal]) => ({
    code,
    signal,
    output: (await Promise.all(outputs)).join(''),
  }));
  return { pid: child.pid ?? 0, channel: child.stdio[3] as Duplex, ended };
}

/** Starts workers that have the SDK in memory already, as a spare has: a fork takes milliseconds, an import a second. */
export type PythonForks = (cwd: string) => Promise<StartedPython>;

/** Makes the process that workers are forked from on first use; it ends with this one. */
export function createPythonForks(): PythonForks {
  let parent: Promise<ForkParent> | null = null;
  let forks = 0;
  return async (cwd) => {
    parent ??= startParent();
    forks += 1;
    return fork(await parent, { id: forks, cwd });
  };
}

type ForkParent = {
  readonly order: (order: object) => void;
  /** The next line that says this of a worker. */
  readonly told: (key: 'id' | 'pid', value: number, has: string) => Promise<Told>;
};

type Told = { readonly pid: number; readonly code: number | null; readonly signal: string | null };

async function startParent(): Promise<ForkParent> {
  const script = join(import.meta.dirname, '../python/fork-workers.py');
  const child = spawn(pythonWithSdk(), [script], {
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  letGo(child);
  const waiting = new Set<(told: Readonly<Record<string, unknown>>) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    for (const hear of waiting) hear(JSON.parse(line));
  });
  return {
    order: (order) => child.stdin.write(`${JSON.stringify(order)}\n`),
    told: (key, value, has) =>
      new Promise((resolve) => {
        waiting.add(function hear(told) {
          if (told[key] !== value || !(has in told)) return;
          waiting.delete(hear);
          resolve(told as Told);
        });
      }),
  };
}

/** Nobody has to end it: it ends when its input does. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout]) (stream as Socket).unref();
}

async function fork(
  { order, told }: ForkParent,
  { id, cwd }: { readonly id: number; readonly cwd: string },
): Promise<StartedPython> {
  const socket = join(tmpdir(), `dropgate-fork-${process.pid}-${id}.sock`);
  const connections: Socket[] = [];
  const server = createServer((connection) => connections.push(connection));
  server.listen(socket);
  await once(server, 'listening');
  const started = told('id', id, 'pid');
  order({ id, cwd, env: environment(), socket });
  const { pid } = await started;
  const end = told('pid', pid, 'code');
  while (connections.length < 2) await once(server, 'connection');
  server.close();
  await rm(socket, { force: true });
  const [channel, printed] = connections as [Socket, Socket];
  const output = textOf(printed);
  const ended = end.then(async ({ code, signal }) => ({ code, signal, output: await output }));
  return { pid, channel, ended };
}

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'close');
  return Buffer.concat(chunks).toString();
}
