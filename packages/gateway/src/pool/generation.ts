import type { Finding } from '../protocol/diagnostics.ts';
import type { WorkerEndReason } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { FailureDetail, LastEvent } from '../protocol/run.ts';
import { type ActiveRun, failed } from './active-run.ts';
import type { LoadedWorker } from './loaded-worker.ts';
import { isCrash } from './process/worker-end.ts';

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;

/** A worker may be evicted in the moment in which a run gets it; the run then asks again. */
const MAX_START_ATTEMPTS = 3;

/** So many deaths without a finished run between are no accident. */
const UNSTEADY_AFTER_CRASHES = 3;

/** What came of starting a worker: the worker, why there is none, or what is wrong with the module. */
export type StartOutcome =
  | { readonly type: 'started'; readonly worker: LoadedWorker }
  | { readonly type: 'overloaded' }
  | { readonly type: 'load_failed'; readonly findings: readonly Finding[] };

export type StopOptions = {
  readonly timeoutMs: number;
  readonly reason: WorkerEndReason;
  readonly lateMessage: string;
};

/** What a generation needs of its pool. */
export type GenerationDeps = {
  readonly start: (load: ModuleLoad) => Promise<StartOutcome>;
  /** Called when its worker dies again and again, with the last words where there are any. */
  readonly onUnsteady: (crashes: number, detail: FailureDetail | null) => void;
  /** Called when a run finished after that, or a new worker has loaded. */
  readonly onSteady: () => void;
};

/** One generation of one module: at most one worker that takes runs, started when a run needs it. */
export class Generation {
  readonly #deps: GenerationDeps;
  #worker: LoadedWorker | null = null;
  #starting: Promise<StartOutcome> | null = null;
  #crashesInARow = 0;
  #retryAtMs = 0;

  constructor(deps: GenerationDeps) {
    this.#deps = deps;
  }

  /** Gives it a worker that has loaded it just now; the one it had, if any, drains with `stop`. */
  adopt(worker: LoadedWorker, stop: StopOptions): void {
    const before = this.#worker;
    this.#steady();
    this.#retryAtMs = 0;
    this.#take(worker);
    if (before) void before.drain(stop);
  }

  /** Runs it in its worker, which is started first where none lives. The run's own events say what came of it. */
  async run(run: ActiveRun, load: ModuleLoad): Promise<void> {
    for (let attempt = 0; attempt < MAX_START_ATTEMPTS && !run.isEnded; attempt += 1) {
      if (this.#worker?.start(run)) return;
      const failure = await this.#ensureWorker(load);
      if (failure) run.fail(failure);
    }
    if (!run.isEnded) run.fail(failed('agent_unavailable', 'The agent is not available just now.'));
  }

  /** Ends its worker where nothing runs in it; the next run starts another. False where something does. */
  async rest(): Promise<boolean> {
    if (this.#starting || (this.#worker?.activeRuns ?? 0) > 0) return false;
    await this.#worker?.process.end('evicted');
    return true;
  }

  /** Lets what runs end, then ends its worker. Runs that were already waiting for a start still get it. */
  async stop(options: StopOptions): Promise<void> {
    // Without a start to wait for, nothing is awaited: the worker takes no more runs from this moment on.
    if (this.#starting) await this.#starting.catch(() => null);
    await this.#worker?.drain(options);
  }

  async #ensureWorker(load: ModuleLoad): Promise<LastEvent | null> {
    const waitMs = this.#retryAtMs - performance.now();
    if (waitMs > 0 && !this.#starting) {
      return failed('agent_unavailable', "The agent's process crashed; it is started again soon.", {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      });
    }
    this.#starting ??= this.#startOnce(load);
    return failureOf(await this.#starting);
  }

  async #startOnce(load: ModuleLoad): Promise<StartOutcome> {
    try {
      const outcome = await this.#deps.start(load);
      if (outcome.type === 'started') this.#take(outcome.worker);
      if (outcome.type === 'load_failed') this.#crashed(detailOf(outcome.findings));
      return outcome;
    } finally {
      this.#starting = null;
    }
  }

  #take(worker: LoadedWorker): void {
    this.#worker = worker;
    worker.onRunEnded = (last) => {
      if (last?.type === 'finished') this.#steady();
    };
    void worker.process.ended.then((end) => {
      if (this.#worker === worker) this.#worker = null;
      if (isCrash(end)) this.#crashed(end.detail);
    });
  }

  #steady(): void {
    const wasUnsteady = this.#crashesInARow >= UNSTEADY_AFTER_CRASHES;
    this.#crashesInARow = 0;
    if (wasUnsteady) this.#deps.onSteady();
  }

  #crashed(detail: FailureDetail | null): void {
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** this.#crashesInARow, LONGEST_BACKOFF_MS);
    this.#crashesInARow += 1;
    this.#retryAtMs = performance.now() + backoffMs;
    if (this.#crashesInARow === UNSTEADY_AFTER_CRASHES) {
      this.#deps.onUnsteady(this.#crashesInARow, detail);
    }
  }
}

function failureOf(outcome: StartOutcome): LastEvent | null {
  switch (outcome.type) {
    case 'started':
      return null;
    case 'overloaded':
      return failed('overloaded', 'All agent processes are busy; try again shortly.', {
        retryAfterSeconds: 1,
      });
    case 'load_failed': {
      const detail = detailOf(outcome.findings);
      return failed(
        'agent_unavailable',
        'The agent could not be started.',
        detail ? { detail } : {},
      );
    }
    default:
      return outcome satisfies never;
  }
}

function detailOf([finding]: readonly Finding[]): FailureDetail | null {
  if (!finding) return null;
  return {
    class: finding.code,
    message: finding.message,
    ...(finding.frame ? { stack: finding.frame } : {}),
    ...(finding.file ? { file: finding.file } : {}),
    ...(finding.line ? { line: finding.line } : {}),
    stage: 'worker',
  };
}
