import type { Emit } from '../events.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { ProcessUser } from '../system/processes.ts';
import type { LoadedWorker } from './loaded-worker.ts';
import type { Orphans } from './process/orphans.ts';
import {
  type Runtime,
  runtimeStart,
  type WorkerEntries,
  workerFolders,
} from './process/runtimes.ts';
import { isCrash, type WorkerEnd } from './process/worker-end.ts';
import { startupEnvironment, workerEnvironment } from './process/worker-env.ts';
import { WorkerProcess } from './process/worker-process.ts';
import { makeCompileCache } from './process/worker-user.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

/** A live process of the pool and what it is there for. */
export type Member = {
  readonly process: WorkerProcess;
  /** What it was given to load; null for a spare. */
  load: ModuleLoad | null;
  /** Null until its module is loaded. */
  worker: LoadedWorker | null;
};

/** Every process of the pool, from its start until nothing is left of it. */
export type Roster = {
  /**
   * Starts a process for a module, or a spare: in the sandbox of `place`, where there are sandboxes and a place. Throws
   * where the system gives none.
   */
  readonly start: (runtime: Runtime, load: ModuleLoad | null, place?: ModuleLoad | null) => Member;
  readonly members: () => readonly Member[];
};

export type RosterDeps = {
  readonly entries: WorkerEntries;
  readonly projectRoot: string;
  readonly stateFolder: string;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  readonly settings: {
    readonly env: readonly string[];
    readonly memoryLimitMb: number;
    readonly processLimit: number;
    readonly stallTimeoutMs: number;
  };
  readonly user: ProcessUser | null;
  /** Null where workers run beside the gateway. */
  readonly sandbox: Sandbox | null;
  readonly orphans: Orphans;
  readonly emit: Emit;
};

/** Makes an empty roster. It records each process for the sweep of a later start, and emits its start and end. */
export function createRoster(deps: RosterDeps): Roster {
  const members = new Set<Member>();
  const { emit, orphans, settings, user } = deps;

  return {
    members: () => [...members],
    start(runtime, load, place = load) {
      const compileCacheFolder = makeCompileCache(deps.stateFolder, user);
      const env = workerEnvironment({ hostEnv: deps.hostEnv, named: settings.env, user });
      const startupEnv = load ? startupEnvironment(load.env, env) : {};
      const { memoryLimitMb } = settings;
      const { entries } = deps;
      const outside = runtimeStart(runtime, startupEnv, {
        entries,
        memoryLimitMb,
        compileCacheFolder,
        workerEnv: env,
        folders: workerFolders(entries, place),
      });
      const isInside = deps.sandbox !== null && place !== null;
      const start = isInside ? deps.sandbox.wrap(outside, runtime, place) : outside;
      const started = new WorkerProcess({
        command: start.command,
        args: start.args,
        cwd: deps.projectRoot,
        env: { ...env, ...start.env },
        user,
        isInside,
        stallTimeoutMs: settings.stallTimeoutMs,
        memoryLimitMb,
        processLimit: settings.processLimit,
        onTraces: orphans.record,
        onOutput: (stream, line) => {
          const { run_id: runId = null, request_id: requestId = null } =
            member.worker?.soleRun ?? {};
          emit({ type: 'worker_output', ...nameOf(member), runId, requestId, stream, line });
        },
      });
      const member: Member = { process: started, load, worker: null };
      members.add(member);
      emit({
        type: 'worker_started',
        pid: started.pid,
        agentId: load?.agentId ?? null,
        generation: load?.generation ?? null,
      });
      void started.ended.then((end) => {
        members.delete(member);
        orphans.forget(started.pid);
        emit(endedEvent(member, end));
      });
      return member;
    },
  };
}

function nameOf(member: Member) {
  const {
    load,
    process: { pid },
  } = member;
  return { pid, agentId: load?.agentId ?? null, modulePath: load?.modulePath ?? null };
}

function endedEvent(member: Member, end: WorkerEnd) {
  const generation = member.load?.generation ?? null;
  // Whoever asked for the load gets a finding that says more, so that this is no second one.
  const diedLoading =
    member.load && !member.worker && isCrash(end) && end.reason !== 'load_timeout';
  const reason = diedLoading ? 'load_failed' : end.reason;
  return { type: 'worker_ended', ...nameOf(member), generation, ...end, reason } as const;
}
