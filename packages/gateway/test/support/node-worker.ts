import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import type { Manifest, ModuleLoad } from '../../src/protocol/records.ts';
import { createChannel } from '../../src/protocol/worker/channel.ts';
import {
  type FromWorker,
  initialCredits,
  maxLineFromWorkerBytes,
  protocolVersion,
  type ToWorker,
  type WorkerRun,
} from '../../src/protocol/worker/messages.ts';
import { builtWorker } from './built-gateway.ts';
import { compileCache } from './compile-cache.ts';
import { callsOverHttp, isOfModelCall } from './line-over-http.ts';
import { tempFolder, writeFiles } from './temp-folder.ts';
import { runInput } from './worker-run.ts';

const modulesFolder = join(import.meta.dirname, '../fixtures/modules');

type Message<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>;

/** A worker process as the gateway starts it, and what it says. */
export type NodeWorker = {
  readonly process: ChildProcess;
  readonly send: (message: ToWorker, bytes?: Uint8Array) => void;
  /** The next message of a type, among those not yet taken. */
  readonly next: <Type extends FromWorker['type']>(type: Type) => Promise<Message<Type>>;
  /** All messages so far. */
  readonly heard: readonly FromWorker[];
  /** Loads a module and gives the answer. */
  readonly load: (load: ModuleLoad) => Promise<Message<'loaded'> | Message<'load_failed'>>;
  readonly run: (text: string, changes?: Partial<WorkerRun> & { credits?: number }) => void;
  /** Exit code and signal, and what it printed. */
  readonly ended: Promise<{ code: number | null; signal: string | null; output: string }>;
  /** Closes the gateway's end of the channel, as its death would. */
  readonly hangUp: () => void;
};

/** Starts a worker in `cwd`; it is killed when the test is over. */
export async function startNodeWorker(
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<NodeWorker> {
  const child = spawn(process.execPath, ['--min-semi-space-size=4', builtWorker()], {
    cwd,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compileCache, ...env },
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
  let askModel: ReturnType<typeof callsOverHttp> | null = null;
  const stream = child.stdio[3] as Duplex;
  const channel = createChannel<FromWorker, ToWorker>(stream, {
    maxIncomingLineBytes: maxLineFromWorkerBytes,
    onMessage(message, bytes) {
      if (isOfModelCall(message)) {
        askModel?.(message, bytes);
        return;
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
  return {
    process: child,
    send: channel.send,
    next: async (type) => (await nextOf([type])) as never,
    heard,
    async load(load) {
      const { OPENAI_BASE_URL: upstream } = load.env;
      askModel = upstream
        ? callsOverHttp(upstream, (data, bytes) => channel.send(data, bytes ?? undefined))
        : null;
      channel.send({ type: 'load', version: protocolVersion, load });
      return (await nextOf(['loaded', 'load_failed'])) as Message<'loaded' | 'load_failed'>;
    },
    run(text, { credits = initialCredits, ...changes } = {}) {
      channel.send({ type: 'run', run: workerRun(text, changes), credits });
    },
    ended,
    hangUp: () => stream.destroy(),
  };
}

/** A run of one user message. */
export function workerRun(text: string, changes: Partial<WorkerRun> = {}): WorkerRun {
  return {
    runId: 'run_1',
    input: runInput({
      items: [{ role: 'user', parts: [{ type: 'text', text }] }],
      streamed: true,
    }),
    context: {
      request_id: 'req_1',
      run_id: 'run_1',
      key: { id: 'key_1', name: 'alice' },
      metadata: {},
      model_id: 'default/sample',
    },
    verdicts: { otherwise: 'allow', tools: {} },
    maxTurns: null,
    ...changes,
  };
}

/** Copies a module of the fixtures to a folder of its own, far from the gateway; its `packages` become installed. */
export async function copyModule(name: string): Promise<string> {
  const folder = join(await tempFolder(), name);
  await cp(join(modulesFolder, name), folder, { recursive: true });
  await rename(join(folder, 'packages'), join(folder, 'node_modules')).catch(() => undefined);
  return folder;
}

/** Writes a module into a folder of its own and gives its load. */
export async function writeModule(
  files: Readonly<Record<string, string>>,
  changes: Partial<ModuleLoad> = {},
): Promise<ModuleLoad> {
  const folder = join(await tempFolder(), 'Written');
  await writeFiles(folder, files);
  return moduleLoad(folder, Object.keys(files)[0] ?? 'agent.ts', changes);
}

/** A load as the gateway sends it. The upstream `openai` speaks responses and is the default, `local` chat completions. */
export function moduleLoad(
  folder: string,
  file: string,
  changes: Partial<ModuleLoad> = {},
): ModuleLoad {
  const name = basename(folder);
  return {
    agentId: `default/${name.toLowerCase()}`,
    generation: 1,
    language: 'node',
    interpreter: null,
    modulePath: `src/agents/${name}/${file}`,
    entry: join(folder, file),
    folder,
    name,
    exportNames: ['agent', 'build_agent', 'buildAgent', 'default'],
    env: { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_API_KEY: 'worker-token' },
    kept: null,
    keptFolder: join(folder, '..', 'generations'),
    upstreams: { openai: 'responses', local: 'chat_completions' },
    defaultUpstream: { name: 'openai', source: 'config' },
    defaultModel: null,
    ...changes,
  };
}

/** Loads a module in a worker of its own and gives what it turned out to be; throws its findings. */
export async function manifestOf(load: ModuleLoad): Promise<Manifest> {
  const worker = await startNodeWorker(join(load.folder, '..'));
  const answer = await worker.load(load);
  if (answer.type === 'loaded') return answer.manifest;
  throw new Error(`The module did not load: ${JSON.stringify(answer.findings, null, 2)}`);
}

/** Loads a module that must not load and gives the first finding. */
export async function findingOf(load: ModuleLoad): Promise<Finding> {
  const worker = await startNodeWorker(join(load.folder, '..'));
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
