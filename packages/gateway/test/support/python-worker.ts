import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Finding } from '../../src/protocol/diagnostics.ts';
import type { Manifest, ModuleLoad } from '../../src/protocol/records.ts';
import { isLastEvent, type RunEvent } from '../../src/protocol/run.ts';
import { createChannel } from '../../src/protocol/worker/channel.ts';
import { parseFromWorker } from '../../src/protocol/worker/from-worker.ts';
import {
  type FromWorker,
  initialCredits,
  type ModelMessage,
  maxLineFromWorkerBytes,
  protocolVersion,
  type ToWorker,
  type WorkerRun,
} from '../../src/protocol/worker/messages.ts';
import { callsOverHttp, isOfModelCall } from './line-over-http.ts';
import { moduleLoad, workerRun } from './node-worker.ts';
import {
  createPythonForks,
  type Outcome,
  type StartedPython,
  spawnPython,
} from './python-start.ts';
import { tempFolder, writeFiles } from './temp-folder.ts';

type Message<Type extends FromWorker['type']> = Extract<FromWorker, { type: Type }>;

/** A Python worker process, and what it says. */
export type PythonWorker = {
  readonly pid: number;
  readonly send: (message: ToWorker, bytes?: Uint8Array) => void;
  /** The next message of a type, among those not yet taken. */
  readonly next: <Type extends FromWorker['type']>(type: Type) => Promise<Message<Type>>;
  /** All messages so far. */
  readonly heard: readonly FromWorker[];
  /** What it said of its model calls, which a server of the test answers. */
  readonly modelMessages: readonly ModelMessage[];
  /** `timeoutMs` is the time that the load has; as long as it takes unless given. */
  readonly load: (
    load: ModuleLoad,
    timeoutMs?: number,
  ) => Promise<Message<'loaded'> | Message<'load_failed'>>;
  readonly run: (text: string, changes?: Partial<WorkerRun> & { credits?: number }) => void;
  /** Runs to the end and gives the events of that run. */
  readonly eventsOf: (text: string, changes?: Partial<WorkerRun>) => Promise<RunEvent[]>;
  readonly ended: Promise<Outcome>;
  readonly hangUp: () => void;
};

const forkPython = createPythonForks();

/** A worker in `cwd` that has imported the SDK as a spare has; killed when the test is over. */
export async function startPythonWorker(cwd: string): Promise<PythonWorker> {
  return talkTo(await forkPython(cwd));
}

/** The same, started cold as the gateway starts it; `python` is one with the SDK unless given. */
export async function spawnPythonWorker(
  ...how: Parameters<typeof spawnPython>
): Promise<PythonWorker> {
  return talkTo(await spawnPython(...how));
}

/** Whatever it says must be what the gateway takes. */
function talkTo({ pid, channel: stream, ended }: StartedPython): PythonWorker {
  onTestFinished(async () => {
    kill(pid);
    await ended;
  });
  const heard: FromWorker[] = [];
  const modelMessages: ModelMessage[] = [];
  const untaken: FromWorker[] = [];
  const arrivals = new EventTarget();
  let isClosed = false;
  let askModel: ReturnType<typeof callsOverHttp> | null = null;
  const channel = createChannel<FromWorker, ToWorker>(stream, {
    maxIncomingLineBytes: maxLineFromWorkerBytes,
    onMessage(message, bytes) {
      if (parseFromWorker(message) === null) {
        throw new Error(`The gateway would not take ${JSON.stringify(message)}`);
      }
      if (isOfModelCall(message)) {
        modelMessages.push(message);
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
  const run: PythonWorker['run'] = (text, { credits = initialCredits, ...changes } = {}) => {
    channel.send({ type: 'run', run: workerRun(text, changes), credits });
  };
  return {
    pid,
    send: channel.send,
    next: async (type) => (await nextOf([type])) as never,
    heard,
    modelMessages,
    async load(load, timeoutMs) {
      const { OPENAI_BASE_URL: upstream } = load.env;
      askModel = upstream
        ? callsOverHttp(upstream, (data, bytes) => channel.send(data, bytes ?? undefined))
        : null;
      const limit = timeoutMs === undefined ? {} : { timeoutMs };
      channel.send({ type: 'load', version: protocolVersion, load, ...limit });
      return (await nextOf(['loaded', 'load_failed'])) as Message<'loaded' | 'load_failed'>;
    },
    run,
    async eventsOf(text, changes = {}) {
      run(text, changes);
      const events: RunEvent[] = [];
      for (;;) {
        const { runId, event } = (await nextOf(['event'])) as Message<'event'>;
        events.push(event);
        if (isLastEvent(event)) return events;
        // As a gateway does whose caller reads.
        channel.send({ type: 'credit', runId, events: 1 });
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

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
