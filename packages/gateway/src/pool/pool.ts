import { join } from 'node:path';
import type { Emit } from '../events.ts';
import type { LiveRun, ModelAccess, OutsideRuns, PoolRun, WorkerInfo } from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { GatewayToolTable } from '../protocol/tools/gateway-tools.ts';
import type { UnreadRoom } from '../protocol/unread-room.ts';
import type { LoadAnswer } from '../protocol/worker/messages.ts';
import { busiestOf, type ProcessUser } from '../system/processes.ts';
import { ActiveRun, failed } from './active-run.ts';
import { Generation, type StartOutcome, type StopOptions } from './generation.ts';
import { keyOf, replayKeysOf } from './generation-keys.ts';
import { createLoadIntoWorker, type LoadIntoWorker } from './load-into-worker.ts';
import { createWaitingCheck } from './load-time.ts';
import { createOrphans, type Orphans } from './process/orphans.ts';
import type { WorkerEntries } from './process/runtimes.ts';
import { letWorkersIn } from './process/worker-user.ts';
import { createRoster, type Roster } from './roster.ts';
import { createModuleSpares } from './sandbox/module-spares.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { createSlots, type Slots } from './slots.ts';
import { createSpareSets, type SpareSets, sparesOf } from './spares.ts';

/** Modules that are loaded at the same time; one that only waits does not count. */
const CONCURRENT_LOADS = 2;
const LOOK_AT_LOADS_MS = 2000;

/** What a process needs to compile the SDK, on a slow machine too. */
const FILL_CACHE_MS = 15_000;

/** Retired generations remembered, so that a run that comes late does not start one again. */
const MAX_REMEMBERED_RETIRED = 1000;

export type PoolDeps = {
  readonly settings: {
    readonly loadTimeoutMs: number;
    readonly stallTimeoutMs: number;
    readonly idleTimeoutMs: number;
    readonly drainTimeoutMs: number;
    readonly cancelTimeoutMs: number;
    readonly maxWorkers: number;
    readonly memoryLimitMb: number;
    readonly processLimit: number;
    /** Names of the gateway's own variables that workers see too. */
    readonly env: readonly string[];
    readonly spares: number;
  };
  readonly workerEntries: WorkerEntries;
  readonly projectRoot: string;
  readonly stateFolder: string;
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
  /** Whom workers run as; null for the gateway's own user. */
  readonly user: ProcessUser | null;
  /** Null where workers run beside the gateway. */
  readonly sandbox: Sandbox | null;
  readonly grantModelAccess: (agentId: string, replay?: ModuleLoad['replay']) => ModelAccess;
  readonly outside: OutsideRuns;
  /** What a worker is told of the gateway's tools, by its agent. */
  readonly toolsFor: (agentId: string) => GatewayToolTable;
  /** Where events wait that callers do not read. */
  readonly unread: UnreadRoom;
  readonly emit: Emit;
};

export type Pool = {
  /** Ends what a gateway that was killed left behind, and begins the spares. */
  readonly start: () => Promise<void>;
  /**
   * Loads a generation in a worker that then waits for its runs. A module that cannot be loaded is an answer, not a
   * throw; only an aborted signal rejects, with its reason.
   */
  readonly prepare: (load: ModuleLoad, signal: AbortSignal) => Promise<LoadAnswer>;
  /** Runs at once, whether or not its events are sent anywhere yet. */
  readonly run: (load: ModuleLoad, request: PoolRun) => LiveRun;
  /** Takes no new runs for a generation; resolves when those it has are over (or cut off) and its worker is gone. */
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  /**
   * Ends the worker of a generation where nothing runs in it, and resolves when it is gone; the next run starts another.
   * False where something runs.
   */
  readonly rest: (agentId: string, generation: number) => Promise<boolean>;
  readonly workers: () => readonly WorkerInfo[];
  /** Tells every worker of the tools that there are from now on; calls under way go on. */
  readonly tellTools: () => void;
  /** Lets runs end for up to `deadlineMs`, then ends every process; afterwards nothing is left running. */
  readonly close: (deadlineMs: number) => Promise<void>;
};

/** Makes a pool without any process yet. */
export function createPool(deps: PoolDeps): Pool {
  const pool = new LivePool(deps);
  return {
    start: () => pool.start(),
    prepare: (load, signal) => pool.prepare(load, signal),
    run: (load, request) => pool.run(load, request),
    retire: (agentId, generation) => pool.retire(agentId, generation),
    rest: (agentId, generation) => pool.rest(agentId, generation),
    workers: () => pool.workers(),
    tellTools: () => pool.tellTools(),
    close: (deadlineMs) => pool.close(deadlineMs),
  };
}

class LivePool {
  readonly #deps: PoolDeps;
  readonly #orphans: Orphans;
  readonly #roster: Roster;
  readonly #spares: SpareSets;
  readonly #load: LoadIntoWorker;
  readonly #slots: Slots = createSlots({
    count: CONCURRENT_LOADS,
    lookEveryMs: LOOK_AT_LOADS_MS,
  });
  readonly #generations = new Map<string, Generation>();
  readonly #retired = new Set<string>();
  readonly #closing = new AbortController();

  constructor(deps: PoolDeps) {
    this.#deps = deps;
    this.#orphans = createOrphans({ folder: join(deps.stateFolder, 'workers'), emit: deps.emit });
    this.#roster = createRoster({
      ...deps,
      entries: deps.workerEntries,
      orphans: this.#orphans,
    });
    const createSets = deps.sandbox ? createModuleSpares : createSpareSets;
    this.#spares = createSets({
      count: sparesOf(deps),
      start: (runtime, place?: ModuleLoad) => this.#roster.start(runtime, null, place),
      onFault: (error) => deps.emit({ type: 'fault_survived', where: 'spare worker', error }),
    });
    this.#load = createLoadIntoWorker({ ...deps, roster: this.#roster, spares: this.#spares });
  }

  async start(): Promise<void> {
    const { stateFolder, user } = this.#deps;
    if (user) letWorkersIn(stateFolder, user);
    this.#orphans.sweep();
    if (this.#deps.sandbox) this.#fillCompileCache();
    this.#spares.fill();
  }

  /**
   * A worker in a sandbox reads compiled code and writes none, for others run what it wrote. So one without a module, and
   * without a sandbox, leaves there what it compiled when it ends.
   */
  #fillCompileCache(): void {
    const filler = this.#roster.start({ language: 'node' }, null).process;
    const timer = setTimeout(() => void filler.end('retired'), FILL_CACHE_MS).unref();
    void filler.ended.then(() => clearTimeout(timer));
  }

  async prepare(load: ModuleLoad, signal: AbortSignal): Promise<LoadAnswer> {
    const slot = await this.#slots.acquire();
    const stopped = AbortSignal.any([signal, this.#closing.signal]);
    try {
      stopped.throwIfAborted();
      const onProcess = (pid: number) =>
        slot.watch(
          createWaitingCheck(
            () => busiestOf(pid),
            () => performance.now(),
          ),
        );
      const loaded = await this.#load(load, stopped, onProcess);
      if (signal.aborted && loaded.type === 'loaded') void loaded.worker.process.end('retired');
      signal.throwIfAborted();
      if (loaded.type === 'load_failed') return loaded.answer;
      this.#retired.delete(keyOf(load));
      this.#generationOf(load).adopt(loaded.worker, this.#retirement());
      while (this.#isOverCap(0) && this.#evictIdle());
      return loaded.answer;
    } finally {
      slot.release();
    }
  }

  run(load: ModuleLoad, request: PoolRun): LiveRun {
    const run = new ActiveRun(request, this.#deps.unread.hold(load, 'run_events'));
    const refusal = this.#refusal(load);
    if (refusal) run.fail(failed('agent_unavailable', refusal, { retryAfterSeconds: 1 }));
    else void this.#begin(run, load);
    return { sendTo: (sink) => run.sendTo(sink), decide: (verdicts) => run.decide(verdicts) };
  }

  async #begin(run: ActiveRun, load: ModuleLoad): Promise<void> {
    try {
      await this.#generationOf(load).run(run, load);
    } catch (error) {
      this.#deps.emit({ type: 'fault_survived', where: 'start of a run', error });
      run.fail(failed('gateway_failed', 'The gateway failed unexpectedly; its log has the cause.'));
    }
  }

  async retire(agentId: string, generation: number): Promise<void> {
    const key = keyOf({ agentId, generation });
    this.#retired.add(key);
    const [oldest] = this.#retired;
    if (this.#retired.size > MAX_REMEMBERED_RETIRED && oldest) this.#retired.delete(oldest);
    // What replays it runs in processes of their own.
    const keys = [key, ...replayKeysOf(key)];
    const retiring = keys.map((each) => this.#generations.get(each));
    for (const each of keys) this.#generations.delete(each);
    await Promise.all(retiring.map((each) => each?.stop(this.#retirement())));
  }

  async rest(agentId: string, generation: number): Promise<boolean> {
    return (await this.#generations.get(keyOf({ agentId, generation }))?.rest()) ?? true;
  }

  workers(): readonly WorkerInfo[] {
    return this.#roster.members().map(({ process, load, worker }) => ({
      pid: process.pid,
      agentId: load?.agentId ?? null,
      generation: load?.generation ?? null,
      state: worker?.state ?? (load ? 'loading' : 'spare'),
      activeRuns: worker?.activeRuns ?? 0,
      ...process.vitals,
      startedAtSeconds: process.startedAtSeconds,
    }));
  }

  tellTools(): void {
    for (const { worker } of this.#roster.members()) {
      worker?.tellTools(this.#deps.toolsFor(worker.load.agentId));
    }
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closing.abort();
    const stop: StopOptions = {
      timeoutMs: deadlineMs,
      reason: 'shutdown',
      lateMessage: 'The run was stopped because the gateway is shutting down.',
    };
    const workers = this.#roster.members().flatMap((member) => member.worker ?? []);
    await Promise.all([this.#spares.close(), ...workers.map((worker) => worker.drain(stop))]);
    await Promise.all(this.#roster.members().map((member) => member.process.end('shutdown')));
  }

  #refusal(load: ModuleLoad): string | null {
    if (this.#closing.signal.aborted) return 'The gateway is shutting down.';
    return this.#retired.has(keyOf(load)) ? 'The agent was replaced just now; try again.' : null;
  }

  #generationOf(load: ModuleLoad): Generation {
    const { agentId, modulePath, generation, replay } = load;
    const key = keyOf(load);
    const known = this.#generations.get(key);
    if (known) return known;
    const { emit } = this.#deps;
    const about = { agentId, modulePath, generation };
    const made = new Generation({
      start: (wanted) => this.#startForRun(wanted),
      // What serves is no worse for what is run again beside it.
      onUnsteady: (crashes, detail) =>
        replay || emit({ type: 'agent_unsteady', ...about, crashes, detail }),
      onSteady: () => replay || emit({ type: 'agent_steady', ...about }),
    });
    this.#generations.set(key, made);
    return made;
  }

  async #startForRun(load: ModuleLoad): Promise<StartOutcome> {
    while (this.#isOverCap(1)) {
      if (!this.#evictIdle()) return { type: 'overloaded' };
    }
    if (this.#closing.signal.aborted) return { type: 'load_failed', findings: [] };
    const loaded = await this.#load(load, this.#closing.signal);
    return loaded.type === 'loaded'
      ? { type: 'started', worker: loaded.worker }
      : { type: 'load_failed', findings: loaded.answer.findings };
  }

  /** Whether there would be too many workers with a module if `more` were started. */
  #isOverCap(more: number): boolean {
    const live = this.#roster
      .members()
      .filter(({ load, process }) => load && process.isOpen).length;
    return live + more > this.#deps.settings.maxWorkers;
  }

  /** Ends the idle worker that was used least lately. False where all are busy. */
  #evictIdle(): boolean {
    const [oldest] = this.#roster
      .members()
      .flatMap(({ worker }) => (worker?.isOpen && worker.activeRuns === 0 ? worker : []))
      .toSorted((a, b) => a.lastUsedMs - b.lastUsedMs);
    void oldest?.process.end('evicted');
    return oldest !== undefined;
  }

  #retirement(): StopOptions {
    return {
      timeoutMs: this.#deps.settings.drainTimeoutMs,
      reason: 'retired',
      lateMessage: 'The run was stopped: the agent was replaced and the run did not end in time.',
    };
  }
}
