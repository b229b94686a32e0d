import type { Finding } from '../protocol/diagnostics.ts';
import type { ModelAccess } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { LoadAnswer } from '../protocol/worker/messages.ts';
import { loadWorker } from './load-worker.ts';
import { LoadedWorker } from './loaded-worker.ts';
import { runtimeOf } from './process/runtimes.ts';
import { startupEnvironment } from './process/worker-env.ts';
import type { Member, Roster } from './roster.ts';
import type { SpareSets } from './spare-sets.ts';
import type { Spares } from './spares.ts';

/** What came of a load, with the worker where it went well. */
export type Loaded =
  | {
      readonly type: 'loaded';
      readonly answer: LoadAnswer & { type: 'loaded' };
      readonly worker: LoadedWorker;
    }
  | { readonly type: 'load_failed'; readonly answer: LoadAnswer & { type: 'load_failed' } };

export type Loader = {
  /** Loads a module into a spare, or into a process of its own where no spare can take it. */
  readonly load: (load: ModuleLoad, signal: AbortSignal) => Promise<Loaded>;
};

export type LoaderDeps = {
  readonly settings: {
    readonly loadTimeoutMs: number;
    readonly memoryLimitMb: number;
    readonly idleTimeoutMs: number;
  };
  readonly roster: Roster;
  readonly spares: SpareSets;
  readonly grantModelAccess: (agentId: string) => ModelAccess;
};

/** Makes the one way in which a module gets into a worker. A used spare is replaced after the load, not beside it. */
export function createLoader(deps: LoaderDeps): Loader {
  const { settings, roster } = deps;

  return {
    async load(load, signal) {
      const runtime = runtimeOf(load);
      if (!runtime) return failure(noRuntime(load));
      const spares = deps.spares.forLoad(load);
      const spare = spares && (await takeSpare(spares, load));
      if (!spare && signal.aborted) return failure(cancelled(load));
      const member = spare ?? roster.start(runtime, load);
      const access = deps.grantModelAccess(load.agentId);
      const answer = await loadWorker(member.process, load, { ...settings, access, signal });
      spares?.fill();
      if (answer.type === 'load_failed') return { type: 'load_failed', answer };
      const { idleTimeoutMs } = settings;
      const worker = new LoadedWorker({ process: member.process, load, access, idleTimeoutMs });
      member.worker = worker;
      return { type: 'loaded', answer, worker };
    },
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

function failure(finding: Finding): Loaded {
  return { type: 'load_failed', answer: { type: 'load_failed', findings: [finding], files: [] } };
}

function noRuntime(load: ModuleLoad): Finding {
  return {
    stage: 'load',
    code: 'runtime_unavailable',
    severity: 'error',
    message: `There is nothing on this machine that runs modules in ${load.language}.`,
    file: load.entry,
  };
}

function cancelled(load: ModuleLoad): Finding {
  return {
    stage: 'load',
    code: 'load_cancelled',
    severity: 'error',
    message: 'The load was stopped before it ended.',
    file: load.entry,
  };
}
