import { setImmediate } from 'node:timers/promises';
import type { ModuleLoad } from '../protocol/records.ts';
import { noUsage } from '../protocol/run.ts';
import {
  type FromWorker,
  protocolVersion,
  type ToWorker,
  type WorkerRun,
} from '../protocol/worker/messages.ts';
import { type ActiveRuns, createActiveRuns } from './active-runs.ts';
import { closedOutside } from './around/closed-outside.ts';
import { createIdleMemory, type IdleMemory } from './idle-memory.ts';
import type { Loading, LoadResult } from './load/load-module.ts';
import type { ProcessExit } from './load/process-exit.ts';
import type { LoadedModule } from './loaded-module.ts';
import { createModelLine } from './models/model-line.ts';
import type { Preload } from './preload.ts';
import { processRuns } from './run/outside-runs.ts';
import { processTools } from './tools/process-tools.ts';

/** What answers the gateway's messages in a worker. */
export type ModuleServer = {
  /** `bytes` are those that came after the message's line. */
  readonly take: (message: ToWorker, bytes: Buffer | null) => void;
  /** Ends the load under way as failed by an error that nobody caught; false where none is under way. */
  readonly failLoad: (code: string, error: unknown) => boolean;
  /** True where an exit under way is one of the script of the module that is being loaded, and not to be done. */
  readonly holdsExit: (exit: ProcessExit) => boolean;
  /** True until it is given a module. */
  readonly isSpare: () => boolean;
  /** True once its module is loaded. */
  readonly isLoaded: () => boolean;
};

export type ModuleServerDeps = {
  readonly send: (message: FromWorker, bytes?: Uint8Array) => void;
  readonly preload: Preload;
  /** Folder the gateway was started in. */
  readonly projectRoot: string;
  /** This process's environment; a load changes it. */
  readonly env: Record<string, string | undefined>;
  readonly onShutdown: () => void;
};

/** Serves one module in the life of the process: loads it, runs it, tells how the process fares. */
export function createModuleServer(deps: ModuleServerDeps): ModuleServer {
  const { send } = deps;
  const line = createModelLine(send);
  const state: State = {
    phase: 'spare',
    loading: null,
    module: null,
    runs: null,
    memory: createIdleMemory(),
  };

  const load = async (asked: ModuleLoad, timeoutMs: number | undefined): Promise<void> => {
    state.phase = 'loading';
    const { beginLoad, needsGatewaySdk, runModule } = await deps.preload.parts();
    const preloadedSdk = needsGatewaySdk(asked)
      ? await deps.preload.sdk()
      : await deps.preload.sdkIfBegun();
    state.runs = createActiveRuns({ runModule, send });
    processRuns.connect(state.runs.outside);
    const { projectRoot, env } = deps;
    if (asked.replay === 'closed') closedOutside.close(asked.env.OPENAI_BASE_URL);
    state.loading = beginLoad(asked, { projectRoot, env, preloadedSdk, line, timeoutMs });
    const result = await state.loading.result;
    // Promises that the module left rejected are told before this resumes, and become the outcome.
    await setImmediate();
    finishLoad(state, result, deps);
  };

  return {
    take(message, bytes) {
      if (message.type === 'model_data') return line.take(message, bytes);
      if (message.type === 'tool_result') return state.runs?.takeToolResult(message, bytes);
      if (message.type !== 'load') return takeMessage(message, state, deps);
      if (state.phase !== 'spare') return;
      processTools.connect(message.tools ?? null);
      if (message.version !== protocolVersion) return refuseVersion(message, send);
      load(message.load, message.timeoutMs).catch((error: unknown) => refuseLoad(error, send));
    },
    isSpare: () => state.phase === 'spare',
    isLoaded: () => state.phase === 'loaded',
    failLoad(code, error) {
      if (state.phase === 'failed') return true;
      if (state.phase !== 'loading' || state.loading === null) return false;
      const failed = state.loading.failBy(code, error);
      if (failed) finishLoad(state, failed, deps);
      return true;
    },
    holdsExit: (exit) => state.phase === 'loading' && (state.loading?.holdsExit(exit) ?? false),
  };
}

type State = {
  phase: 'spare' | 'loading' | 'loaded' | 'failed';
  loading: Loading | null;
  module: LoadedModule | null;
  runs: ActiveRuns | null;
  readonly memory: IdleMemory;
};

function finishLoad(state: State, result: LoadResult, deps: ModuleServerDeps): void {
  if (state.phase !== 'loading') return;
  if (result.type === 'load_failed') {
    state.phase = 'failed';
    deps.send(result);
    return;
  }
  state.phase = 'loaded';
  state.module = result.module;
  deps.send({ type: 'loaded', manifest: result.module.manifest });
}

function takeMessage(
  message: Exclude<ToWorker, { type: 'load' | 'model_data' | 'tool_result' }>,
  state: State,
  { send, onShutdown }: ModuleServerDeps,
): void {
  const { module, runs, memory } = state;
  switch (message.type) {
    case 'run':
      memory.use();
      if (module && runs) runs.start(module, message.run, message.credits);
      else send(refusedRun(message.run));
      break;
    case 'credit':
      runs?.grant(message.runId, message.events);
      break;
    case 'cancel':
      runs?.cancel(message.runId, message.reason);
      break;
    case 'decisions':
      runs?.decide(message.runId, message.verdicts);
      break;
    case 'reply':
      runs?.answer(message.callId, message.result);
      break;
    case 'refusal':
      runs?.refuse(message.callId, message.message);
      break;
    case 'tools_changed':
      processTools.change(message.tools);
      break;
    case 'ping':
      send(pong(message.sequence));
      // A spare keeps what makes its load fast.
      memory.look(state.phase !== 'loaded' || (runs?.count() ?? 0) > 0);
      break;
    case 'shutdown':
      void (module?.close?.() ?? Promise.resolve()).then(onShutdown);
      break;
    default:
      // A type of a later protocol, or a reserved one, is none of this worker's business.
      message satisfies never;
  }
}

function pong(sequence: number): FromWorker {
  const megabyte = 1024 * 1024;
  return {
    type: 'pong',
    sequence,
    rssMb: Math.round(process.memoryUsage.rss() / megabyte),
  };
}

function refusedRun({ runId }: WorkerRun): FromWorker {
  const message = 'The agent is not loaded; try again.';
  const event = { type: 'failed', code: 'agent_unavailable', message, usage: noUsage } as const;
  return { type: 'event', runId, event };
}

function refuseVersion(
  { load, version }: Extract<ToWorker, { type: 'load' }>,
  send: ModuleServerDeps['send'],
): void {
  const message = `The gateway speaks version ${version} of the worker protocol, this worker ${protocolVersion}.`;
  send(workerFailure('protocol_version', message, load.entry));
}

/** The worker's own parts did not load; nothing of the module ran. */
function refuseLoad(error: unknown, send: ModuleServerDeps['send']): void {
  const message = `The worker could not begin to load: ${error instanceof Error ? error.message : String(error)}`;
  send(workerFailure('worker_failed', message));
}

function workerFailure(code: string, message: string, file?: string): FromWorker {
  const finding = {
    stage: 'worker',
    code,
    severity: 'error',
    message,
    hint: 'Restart the gateway after an update; install its packages anew if that does not help.',
  } as const;
  return { type: 'load_failed', findings: [file ? { ...finding, file } : finding], files: [] };
}
