import { isDeepStrictEqual } from 'node:util';
import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { ModelAccess, OutsideRuns } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { jsonLength } from '../protocol/text/json-length.ts';
import type { GatewayToolTable } from '../protocol/tools/gateway-tools.ts';
import type { UnreadRoom } from '../protocol/unread-room.ts';
import { type LoadAnswer, protocolVersion } from '../protocol/worker/messages.ts';
import { busiestOf, type ProcessUser } from '../system/processes.ts';
import { linkOutFinding, withheldFindings } from './held-module.ts';
import { limitOutside } from './limit-outside.ts';
import {
  cancelledLoad,
  findingOfEnd,
  MANIFEST_LIMIT_CHARS,
  manifestTooLarge,
  missingRuntime,
} from './load-findings.ts';
import { afterLoadTime } from './load-time.ts';
import { LoadedWorker } from './loaded-worker.ts';
import { runtimeOf, type WorkerEntries } from './process/runtimes.ts';
import { moduleEnvironment, startupEnvironment, workerEnvironment } from './process/worker-env.ts';
import type { WorkerMessage, WorkerProcess } from './process/worker-process.ts';
import type { Member, Roster } from './roster.ts';
import type { SpareSets, Spares } from './spares.ts';

/** What came of a load, with the worker where it went well. */
export type Loaded =
  | {
      readonly type: 'loaded';
      readonly answer: LoadedAnswer;
      readonly worker: LoadedWorker;
    }
  | { readonly type: 'load_failed'; readonly answer: LoadAnswer & { type: 'load_failed' } };

/** Loads a module into a spare, or into a process of its own where no spare can take it. */
export type LoadIntoWorker = (
  load: ModuleLoad,
  signal: AbortSignal,
  /** Called with the process that the module is loaded in, when it begins. */
  onProcess?: (pid: number) => void,
) => Promise<Loaded>;

export type LoadIntoWorkerDeps = {
  readonly settings: {
    readonly loadTimeoutMs: number;
    readonly memoryLimitMb: number;
    readonly idleTimeoutMs: number;
    readonly cancelTimeoutMs: number;
    readonly drainTimeoutMs: number;
    readonly env: readonly string[];
  };
  readonly workerEntries: WorkerEntries;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly user: ProcessUser | null;
  readonly roster: Roster;
  readonly spares: SpareSets;
  readonly grantModelAccess: (agentId: string, replay?: ModuleLoad['replay']) => ModelAccess;
  readonly outside: OutsideRuns;
  /** Where questions wait. */
  readonly unread: UnreadRoom;
  readonly toolsFor: (agentId: string) => GatewayToolTable;
  readonly emit: Emit;
};

/** A worker stops a load at its limit itself, where it can, and says in which line; it gets so much time for it. */
const LAST_WORDS_MS = { python: 3000, node: 2000 } as const;

/** What runs again beside what serves has its place for the next one of a row, and no longer. */
const REPLAY_IDLE_MS = 30_000;

/** Makes the one way in which a module gets into a worker. A used spare is replaced after the load, not beside it. */
export function createLoadIntoWorker(deps: LoadIntoWorkerDeps): LoadIntoWorker {
  const { settings, roster, hostEnv, user, workerEntries, emit } = deps;
  const workerEnv = workerEnvironment({ hostEnv, named: settings.env, user });

  return async (load, signal, onProcess) => {
    const runtime = runtimeOf(load);
    if (!runtime) return failure(missingRuntime(load));
    const linkOut = await linkOutFinding(load, workerEnv, workerEntries);
    if (linkOut) return failure(linkOut);
    const spares = deps.spares.forLoad(load);
    const spare = spares && (await takeSpare(spares, load));
    if (!spare && signal.aborted) return failure(cancelledLoad(load));
    const member = spare ?? roster.start(runtime, load);
    onProcess?.(member.process.pid);
    const access = deps.grantModelAccess(load.agentId, load.replay);
    const { agentId, modulePath } = load;
    const onFlood = () => emit({ type: 'outside_calls_refused', agentId, modulePath });
    const outside = limitOutside(deps.outside, { nowMs: () => performance.now(), onFlood });
    let told: GatewayToolTable | null = null;
    const answer = await loadIntoProcess(member.process, load, {
      ...settings,
      access,
      outside,
      tools: () => (told = deps.toolsFor(agentId)),
      signal,
    });
    spares?.fill();
    if (answer.type === 'load_failed') return { type: 'load_failed', answer };
    const worker = new LoadedWorker({
      process: member.process,
      load,
      access,
      outside,
      unread: deps.unread,
      idleTimeoutMs: load.replay
        ? Math.min(settings.idleTimeoutMs, REPLAY_IDLE_MS)
        : settings.idleTimeoutMs,
      cancelTimeoutMs: settings.cancelTimeoutMs,
      drainTimeoutMs: settings.drainTimeoutMs,
    });
    member.worker = worker;
    // Changes are told to workers that are loaded.
    const tools = deps.toolsFor(agentId);
    if (!isDeepStrictEqual(tools, told)) worker.tellTools(tools);
    const withheld = withheldFindings(load, workerEnv);
    return { type: 'loaded', answer: withWarnings(answer, withheld), worker };
  };
}

/** A spare that said hello, already given to this load. One that dies before is no fault of the module. */
async function takeSpare(spares: Spares, load: ModuleLoad): Promise<Member | null> {
  const needsOwnStart = Object.keys(startupEnvironment(load.env)).length > 0;
  const spare = needsOwnStart ? null : spares.take();
  if (!spare) return null;
  spare.load = load;
  return (await spare.process.ready) ? spare : null;
}

type LoadedAnswer = LoadAnswer & { type: 'loaded' };

function withWarnings(answer: LoadedAnswer, more: readonly Finding[]): LoadedAnswer {
  const { manifest } = answer;
  return { ...answer, manifest: { ...manifest, warnings: [...manifest.warnings, ...more] } };
}

function failure(finding: Finding): Loaded {
  return { type: 'load_failed', answer: { type: 'load_failed', findings: [finding], files: [] } };
}

/**
 * Loads a module into a worker that has none. The time limit begins when the worker is ready to load, and what it waits
 * for a CPU does not count, so that a busy machine is not held against the module. Where the answer is `load_failed`, the
 * worker is ended.
 */
async function loadIntoProcess(
  worker: WorkerProcess,
  load: ModuleLoad,
  options: {
    readonly access: ModelAccess;
    readonly outside: OutsideRuns;
    readonly tools: () => GatewayToolTable;
    readonly loadTimeoutMs: number;
    readonly memoryLimitMb: number;
    readonly signal: AbortSignal;
  },
): Promise<LoadAnswer> {
  const { access, signal } = options;
  const stop = (): void => {
    void worker.kill('retired', 'The load was cancelled.');
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const answer = (await worker.ready) ? await askToLoad(worker, load, options) : null;
    if (answer?.type === 'loaded') {
      access.setUpstream(answer.manifest.upstream.name);
      return answer;
    }
    access.revoke();
    const ended = worker.end('retired');
    if (answer) return answer;
    const end = await ended;
    return { type: 'load_failed', findings: [findingOfEnd(end, load, options)], files: [] };
  } catch (error) {
    // No fault of the module, but nobody would own its process from here.
    access.revoke();
    void worker.kill('retired', 'The load failed inside the gateway.');
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Null where the worker ended before it answered. */
async function askToLoad(
  worker: WorkerProcess,
  load: ModuleLoad,
  options: {
    readonly access: ModelAccess;
    readonly outside: OutsideRuns;
    readonly tools: () => GatewayToolTable;
    readonly loadTimeoutMs: number;
  },
): Promise<LoadAnswer | null> {
  const answered = Promise.withResolvers<LoadAnswer>();
  worker.listen((message) => {
    if (message.type === 'loaded' || message.type === 'load_failed') answered.resolve(message);
    else answerWhileLoading(worker, message, { load, outside: options.outside });
  });
  worker.answerModels(options.access.answerOver);
  const env = moduleEnvironment(load.env, options.access);
  const { loadTimeoutMs: timeoutMs } = options;
  const tools = options.tools();
  worker.send({ type: 'load', version: protocolVersion, load: { ...load, env }, timeoutMs, tools });
  const graceMs = LAST_WORDS_MS[load.language];
  const stopClock = afterLoadTime(
    () => busiestOf(worker.pid),
    timeoutMs + graceMs,
    () => {
      void worker.kill('load_timeout', `The load took longer than ${timeoutMs} ms.`);
    },
  );
  try {
    const answer = await Promise.race([answered.promise, worker.ended.then(() => null)]);
    return answer?.type === 'loaded' ? bounded(answer, load) : answer;
  } finally {
    stopClock();
  }
}

function bounded(answer: LoadedAnswer, load: ModuleLoad): LoadAnswer {
  const { manifest } = answer;
  if (jsonLength(manifest) <= MANIFEST_LIMIT_CHARS) return answer;
  const files = manifest.files.map(({ path }) => path);
  return { type: 'load_failed', findings: [manifestTooLarge(load)], files };
}

/** A module may run agents while it is imported; there is no run that it could be for. */
function answerWhileLoading(
  worker: WorkerProcess,
  message: WorkerMessage,
  { load, outside }: { readonly load: ModuleLoad; readonly outside: OutsideRuns },
): void {
  const work = { load, callers: [] };
  if (message.type === 'tool_decided') outside.onToolDecided(work, message);
  if (message.type !== 'question') return;
  const { callId, question } = message;
  void outside.answer(work, question).then(
    (given) => {
      const result = given.type === 'value' ? (given.value ?? null) : null;
      worker.send({ type: 'reply', callId, result });
    },
    () => worker.send({ type: 'refusal', callId, message: 'It cannot be done while loading.' }),
  );
}
