import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { delimiter, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import { createChannel } from '../../src/protocol/channel.ts';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import { parseFromWorker } from '../../src/protocol/from-worker.ts';
import type { Manifest, ModuleLoad } from '../../src/protocol/records.ts';
import type { RunEvent } from '../../src/protocol/run.ts';
import {
  type FromWorker,
  initialCredits,
  maxLineFromWorkerBytes,
  protocolVersion,
  type ToWorker,
  type WorkerRun,
} from '../../src/protocol/worker-messages.ts';
import { moduleLoad, workerRun } from './node-worker.ts';
import { pythonWithSdk } from './python-with-sdk.ts';
import { tempFolder, writeFiles } from './temp-folder.ts';

/** Folder of the Python packages of the worker. */
export const pythonFolder = join(import.meta.dirname, '../../python');

type Message<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>;

/** A Python worker process as the gateway starts it, and what it says. */
export type PythonWorker = {
  readonly process: ChildProcess;
  readonly send: (message: ToWorker) => void;
  /** The next message of a type, among those not yet taken. */
  readonly next: <Type extends FromWorker['type']>(type: Type) => Promise<Message<Type>>;
  /** All messages so far. */
  readonly heard: readonly FromWorker[];
  readonly load: (load: ModuleLoad) => Promise<Message<'loaded'> | Message<'load_failed'>>;
  readonly run: (text: string, changes?: Partial<WorkerRun> & { credits?: number }) => void;
  /** Runs to the end and gives the events of that run. */
  readonly eventsOf: (text: string, changes?: Partial<WorkerRun>) => Promise<RunEvent[]>;
  readonly ended: Promise<{ code: number | null; signal: string | null; output: string }>;
  readonly hangUp: () => void;
};

/** Starts a worker in `cwd`, killed when the test is over; `python` is one with the SDK unless given. Whatever it says must be what the gateway takes. */
export async function startPythonWorker(
  cwd: string,
  { python, pythonPath = [] }: { python?: string; pythonPath?: readonly string[] } = {},
): Promise<PythonWorker> {
  const child = spawn(python ?? (await pythonWithSdk()), ['-m', 'dropgate_worker'], {
    cwd,
    env: {
      PATH: process.env.PATH,
      PYTHONPATH: [pythonFolder, ...pythonPath].join(delimiter),
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = outcomeOf(child);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const heard: FromWorker[] = [];
  const untaken: FromWorker[] = [];
  const arrivals = new EventTarget();
  let isClosed = false;
  const stream = child.stdio[3] as Duplex;
  const channel = createChannel<FromWorker, ToWorker>(stream, {
    maxIncomingLineBytes: maxLineFromWorkerBytes,
    onMessage(message) {
      if (parseFromWorker(message) === null) {
        throw new Error(`The gateway would not take ${JSON.stringify(message)}`);
      }
      heard.push(message);
      untaken.push(message);
      arrivals.dispatchEvent(new Event('message'));
    },
    onClose() {
      isClosed = true;
      arrivals.dispatchEvent(new Event('message'));
    },
  });
  const nextOf = async (types: readonly string[]): Promise<FromWorker> => {
    for (;;) {
      const index = untaken.findIndex(({ type }) => types.includes(type));
      const [message] = index === -1 ? [] : untaken.splice(index, 1);
      if (message) return message;
      if (isClosed) throw new Error(`The worker ended: ${JSON.stringify(await ended)}`);
      await once(arrivals, 'message');
    }
  };
  const run: PythonWorker['run'] = (text, { credits = initialCredits, ...changes } = {}) => {
    channel.send({ type: 'run', run: workerRun(text, changes), credits });
  };
  return {
    process: child,
    send: channel.send,
    next: async (type) => (await nextOf([type])) as never,
    heard,
    async load(load) {
      channel.send({ type: 'load', version: protocolVersion, load });
      return (await nextOf(['loaded', 'load_failed'])) as Message<'loaded' | 'load_failed'>;
    },
    run,
    async eventsOf(text, changes = {}) {
      run(text, changes);
      const events: RunEvent[] = [];
      for (;;) {
        const { event } = (await nextOf(['event'])) as Message<'event'>;
        events.push(event);
        if (['finished', 'failed', 'interrupted'].includes(event.type)) return events;
      }
    },
    ended,
    hangUp: () => stream.destroy(),
  };
}

/** Writes a Python module into a folder of its own and gives its load; the first file is its entry. */
export async function writePythonModule(
  files: Readonly<Record<string, string>>,
  changes: Partial<ModuleLoad> = {},
): Promise<ModuleLoad> {
  const folder = join(await tempFolder(), 'Written');
  await writeFiles(folder, files);
  const entry = Object.keys(files)[0] ?? 'agent.py';
  return moduleLoad(folder, entry, { language: 'python', ...changes });
}

/** A worker with this module loaded; its model calls go to `baseUrl`. */
export async function loadedWorker(
  files: Readonly<Record<string, string>>,
  baseUrl = 'http://127.0.0.1:9/v1',
  changes: Partial<ModuleLoad> = {},
): Promise<{ readonly worker: PythonWorker; readonly manifest: Manifest }> {
  const env = { OPENAI_BASE_URL: baseUrl, OPENAI_API_KEY: 'worker-token', ...changes.env };
  const load = await writePythonModule(files, { ...changes, env });
  const worker = await startPythonWorker(join(load.folder, '..'));
  const answer = await worker.load(load);
  if (answer.type === 'loaded') return { worker, manifest: answer.manifest };
  throw new Error(`The module did not load: ${JSON.stringify(answer.findings, null, 2)}`);
}

/** The first finding of a module that must not load. */
export async function pythonFindingOf(load: ModuleLoad): Promise<Finding> {
  const worker = await startPythonWorker(join(load.folder, '..'));
  const answer = await worker.load(load);
  if (answer.type === 'load_failed' && answer.findings[0]) return answer.findings[0];
  throw new Error('The module loaded.');
}

async function outcomeOf(child: ChildProcess) {
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, output: Buffer.concat(chunks).toString() };
}
