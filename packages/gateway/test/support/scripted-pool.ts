import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GatewayEvent } from '../../src/events.ts';
import { createPool, type Pool, type PoolDeps } from '../../src/pool/pool.ts';
import {
  createSandbox,
  type Sandbox,
  type SandboxOptions,
} from '../../src/pool/sandbox/sandbox.ts';
import type { LiveRun, ModelAccess, OutsideRuns, PoolRun } from '../../src/protocol/pool.ts';
import type { ModuleLoad } from '../../src/protocol/records.ts';
import type { RunEvent, Usage } from '../../src/protocol/run.ts';
import { createRunEnding } from '../../src/protocol/run-ending.ts';
import { eventsOf } from '../../src/protocol/run-sink.ts';
import { createUnreadRoom } from '../../src/protocol/unread-room.ts';
import { findBubblewrap } from '../../src/system/bubblewrap.ts';
import { shareCompileCache } from './compile-cache.ts';
import { patienceMs } from './hang-limit.ts';

const scriptedWorker = fileURLToPath(new URL('../fixtures/scripted-worker.ts', import.meta.url));
const scriptedPythonWorker = fileURLToPath(new URL('../fixtures/python-worker', import.meta.url));

type Settings = PoolDeps['settings'];

export type ScriptedPool = Pool & {
  readonly folder: string;
  readonly emitted: GatewayEvent[];
  /** What was asked of the model access of each worker, in order: `start run-1 key_1`. */
  readonly accessLog: string[];
  /** Resolves with the first event, past or future, that fits. */
  readonly event: <T extends GatewayEvent['type']>(
    type: T,
    fits?: (event: Extract<GatewayEvent, { type: T }>) => boolean,
  ) => Promise<Extract<GatewayEvent, { type: T }>>;
  readonly dispose: () => Promise<void>;
};

/** A real pool in a folder of its own, whose workers are `fixtures/scripted-worker.ts` unless another `entry` is given. */
export function scriptedPool(
  settings: Partial<Settings> = {},
  more: {
    hostEnv?: Record<string, string>;
    folder?: string;
    entry?: string;
    /** Puts its workers into sandboxes, with the network open. */
    isBoxed?: boolean;
    /** What the broker has metered: run → usage. */
    metered?: Readonly<Record<string, Usage>>;
    outside?: Partial<OutsideRuns>;
  } = {},
): ScriptedPool {
  const folder = more.folder ?? mkdtempSync(join(tmpdir(), 'dropgate-pool-'));
  if (!more.folder) shareCompileCache(folder);
  const emitted: GatewayEvent[] = [];
  const accessLog: string[] = [];
  const waiting = new Set<(event: GatewayEvent) => void>();
  const workerEntries = { node: more.entry ?? scriptedWorker, python: scriptedPythonWorker };
  const stateFolder = join(folder, '.dropgate');
  const limits = { memoryLimitMb: settings.memoryLimitMb ?? 512 };
  const boxed = { projectRoot: folder, stateFolder, entries: workerEntries, ...limits };
  const tell = (event: GatewayEvent) => {
    emitted.push(event);
    for (const waiter of waiting) waiter(event);
  };
  const pool = createPool({
    user: null,
    sandbox: more.isBoxed ? openSandbox(boxed) : null,
    settings: {
      loadTimeoutMs: patienceMs,
      stallTimeoutMs: patienceMs,
      idleTimeoutMs: 600_000,
      drainTimeoutMs: patienceMs,
      cancelTimeoutMs: patienceMs,
      maxWorkers: 8,
      ...limits,
      processLimit: 16,
      env: [],
      spares: 0,
      ...settings,
    },
    workerEntries,
    projectRoot: folder,
    stateFolder,
    hostEnv: { PATH: process.env.PATH, ...more.hostEnv },
    grantModelAccess: (agentId) => loggedAccess(agentId, accessLog, more.metered ?? {}),
    outside: {
      answer: async () => ({ type: 'value', value: false }),
      onToolDecided: () => undefined,
      ...more.outside,
    },
    toolsFor: () => ({ tools: [], offered: [] }),
    unread: createUnreadRoom((owner, kind) => tell({ type: 'unread_refused', owner, kind })),
    emit: tell,
  });
  const event: ScriptedPool['event'] = (type, fits = () => true) => {
    const known = emitted.find((candidate) => isOf(candidate, type) && fits(candidate));
    if (known && isOf(known, type)) return Promise.resolve(known);
    return new Promise((resolve) => {
      const waiter = (candidate: GatewayEvent): void => {
        if (!isOf(candidate, type) || !fits(candidate)) return;
        waiting.delete(waiter);
        resolve(candidate);
      };
      waiting.add(waiter);
    });
  };
  const dispose = async (): Promise<void> => {
    await pool.close(0);
    if (!more.folder) rmSync(folder, { recursive: true, force: true });
  };
  return { ...pool, folder, emitted, accessLog, event, dispose };
}

function openSandbox(
  paths: Pick<SandboxOptions, 'projectRoot' | 'stateFolder' | 'entries' | 'memoryLimitMb'>,
): Sandbox {
  return createSandbox({
    ...paths,
    bubblewrap: findBubblewrap({ path: process.env.PATH, user: null }),
    network: 'all',
    agentRoots: [],
    readable: [],
    writable: [],
    user: null,
    door: () => ({ port: 0, socket: '' }),
  });
}

/** A load of the scripted worker; `onLoad` says what it does with it. */
export function scriptedLoad(onLoad = 'ok', more: Partial<ModuleLoad> = {}): ModuleLoad {
  return {
    agentId: 'default/echo',
    generation: 1,
    language: 'node',
    interpreter: null,
    modulePath: 'src/agents/Echo/agent.ts',
    entry: '/project/src/agents/Echo/agent.ts',
    folder: '/project/src/agents/Echo',
    name: 'Echo',
    exportNames: ['agent'],
    env: { ON_LOAD: onLoad },
    kept: null,
    keptFolder: '/project/.dropgate/generations',
    upstreams: {},
    defaultUpstream: { name: 'scripted', source: 'config' },
    defaultModel: null,
    ...more,
  };
}

export type ScriptedRun = Partial<Omit<PoolRun, 'run' | 'keyId'>> & { readonly runId?: string };

/** The events of a run that does what `command` says. */
export function startRun(
  pool: Pool,
  command: string,
  { signal, ...request }: ScriptedRun & { load?: ModuleLoad } = {},
): AsyncIterable<RunEvent> {
  const left = new AbortController();
  const signals = signal ? [signal, left.signal] : [left.signal];
  const { sendTo } = startLiveRun(pool, command, { ...request, signal: AbortSignal.any(signals) });
  return eventsOf({ sendTo, cancel: (reason) => left.abort(reason) });
}

/** Starts a run that does what `command` says. */
export function startLiveRun(
  pool: Pool,
  command: string,
  { runId = 'run-1', load, ...request }: ScriptedRun & { load?: ModuleLoad } = {},
): LiveRun {
  const input = {
    modelId: 'default/echo',
    items: [{ role: 'user', parts: [{ type: 'text', text: command }] }],
    settings: {},
    outputFormat: { type: 'text' },
    streamed: true,
    clientTools: false,
    metadata: {},
  } as const;
  const context = {
    request_id: 'req-1',
    run_id: runId,
    key: { id: 'key_1', name: 'alice' },
    metadata: {},
    model_id: 'default/echo',
  };
  const verdicts = { otherwise: 'allow', tools: {} } as const;
  return pool.run(load ?? scriptedLoad(), {
    run: { runId, input, context, verdicts, maxTurns: null },
    keyId: 'key_1',
    caller: { key: scriptedKey, request: {} },
    signal: new AbortController().signal,
    ending: createRunEnding(),
    answer: () => Promise.reject(new Error('No question was expected.')),
    ...request,
  });
}

const scriptedKey = {
  type: 'key',
  id: 'key_1',
  name: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
} as const;

/** Everything a run says, its text joined. */
export async function finishRun(events: AsyncIterable<RunEvent>): Promise<{
  readonly text: string;
  readonly last: RunEvent;
  readonly count: number;
}> {
  const all: RunEvent[] = [];
  for await (const event of events) all.push(event);
  const last = all.at(-1);
  if (!last) throw new Error('A run said nothing at all.');
  const text = all.map((event) => (event.type === 'text' ? event.delta : '')).join('');
  return { text, last, count: all.length };
}

/** Whether a process still lives. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function isOf<T extends GatewayEvent['type']>(
  event: GatewayEvent,
  type: T,
): event is Extract<GatewayEvent, { type: T }> {
  return event.type === type;
}

function loggedAccess(
  agentId: string,
  log: string[],
  metered: Readonly<Record<string, Usage>>,
): ModelAccess {
  log.push(`grant ${agentId}`);
  return {
    baseUrl: 'http://127.0.0.1:1/v1',
    token: 'worker-token',
    answerOver: () => (message) => log.push(`${message.type} ${message.callId}`),
    setUpstream: (name) => log.push(`upstream ${name}`),
    startRun: (runId, keyId) => log.push(`start ${runId} ${keyId}`),
    usageOf: (runId) => metered[runId] ?? null,
    hasRefused: (runId) => runId === 'run-refused',
    endRun: (runId) => log.push(`end ${runId}`),
    revoke: () => log.push('revoke'),
  };
}
