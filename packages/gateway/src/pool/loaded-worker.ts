import { GatewayError } from '../errors.ts';
import type {
  ModelAccess,
  OutsideRuns,
  OutsideWork,
  RunOrigin,
  WorkerAnswer,
  WorkerEndReason,
} from '../protocol/pool.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import type { LastEvent, RunContext } from '../protocol/run.ts';
import type { GatewayToolTable } from '../protocol/tools/gateway-tools.ts';
import type { UnreadRoom } from '../protocol/unread-room.ts';
import { type FromWorker, initialCredits, type ToWorker } from '../protocol/worker/messages.ts';
import { type ActiveRun, failed } from './active-run.ts';
import { holdQuestion } from './hold-question.ts';
import { createOutlivers, type Outlivers } from './outlivers.ts';
import { createServedCallers } from './process/served-callers.ts';
import type { WorkerEnd } from './process/worker-end.ts';
import type { WorkerMessage, WorkerProcess } from './process/worker-process.ts';
import { sendToolResult } from './send-tool-result.ts';

type Question = Extract<FromWorker, { type: 'question' }>;

export type LoadedWorkerOptions = {
  readonly process: WorkerProcess;
  readonly load: ModuleLoad;
  readonly access: ModelAccess;
  readonly outside: OutsideRuns;
  /** Where its questions wait. */
  readonly unread: UnreadRoom;
  readonly idleTimeoutMs: number;
  /** How long a run may go on after it was ended, before the process is replaced. */
  readonly cancelTimeoutMs: number;
  /** How long its other runs may then take. */
  readonly drainTimeoutMs: number;
};

/** A worker with a module in it: takes runs until it drains or ends, and leaves when it was idle for too long. */
export class LoadedWorker {
  readonly process: WorkerProcess;
  readonly load: ModuleLoad;
  /** `performance.now()` of the last start or end of a run. */
  lastUsedMs = performance.now();
  /** Called when a run is over. */
  onRunEnded: (last: LastEvent | null) => void = () => {};

  readonly #options: LoadedWorkerOptions;
  readonly #runs = new Map<string, ActiveRun>();
  /** Keys it has had runs of: what these left behind may act later. */
  readonly #callers = createServedCallers();
  readonly #outlivers: Outlivers;
  #idleTimer: NodeJS.Timeout | null = null;
  #drained: (() => void) | null = null;
  #isDraining = false;

  constructor(options: LoadedWorkerOptions) {
    this.process = options.process;
    this.load = options.load;
    this.#options = options;
    this.#outlivers = createOutlivers({
      timeoutMs: options.cancelTimeoutMs,
      onOverstayed: () => void this.#replace(),
    });
    options.process.listen((message) => this.#receive(message));
    void options.process.ended.then((end) => this.#ended(end));
    this.#awaitIdleEnd();
  }

  get activeRuns(): number {
    return this.#runs.size;
  }

  /** The run that anything it says is about, where it has just one. */
  get soleRun(): RunContext | null {
    const [sole] = this.#runs.size === 1 ? this.#runs.values() : [];
    return sole?.request.run.context ?? null;
  }

  get state(): 'ready' | 'draining' {
    return this.#isDraining ? 'draining' : 'ready';
  }

  get isOpen(): boolean {
    return !this.#isDraining && this.process.isOpen;
  }

  /** Tells it of the tools that there are from now on. */
  tellTools(tools: GatewayToolTable): void {
    if (this.isOpen) this.#trySend({ type: 'tools_changed', tools });
  }

  /** Begins a run. False where the worker takes none any more. */
  start(run: ActiveRun): boolean {
    if (!this.isOpen) return false;
    const { runId } = run.request.run;
    this.#options.access.startRun(runId, run.request.keyId, originOf(run, this.load));
    this.#runs.set(runId, run);
    this.#callers.add(run.request.caller);
    this.#touch();
    run.request.ending.onEnd((last) => this.#runEnded(runId, last));
    if (!this.#trySend({ type: 'run', run: run.workerRun, credits: initialCredits })) {
      run.fail(failed('invalid_request', 'The request is nested too deeply for the agent.'));
      return true;
    }
    run.attach({
      credit: (events) => this.process.send({ type: 'credit', runId, events }),
      cancel: (reason) => this.process.send({ type: 'cancel', runId, reason }),
      decide: (verdicts) => this.process.send({ type: 'decisions', runId, verdicts }),
      outlived: (gone) => this.#outlivers.add(runId, gone),
      usage: () => this.#options.access.usageOf(runId),
      hasRefused: (code) => this.#options.access.hasRefused(runId, code),
    });
    return true;
  }

  /** Takes no new runs, waits for those it has, then ends; runs not over by then fail with `lateMessage`. */
  async drain(options: {
    readonly timeoutMs: number;
    readonly reason: WorkerEndReason;
    readonly lateMessage: string;
  }): Promise<void> {
    await this.#empty(options);
    await this.process.end(options.reason);
  }

  /** A run that was ended goes on: the process takes no more, lets the others end and is killed with what is left. */
  async #replace(): Promise<void> {
    if (this.#isDraining) return;
    const { cancelTimeoutMs, drainTimeoutMs } = this.#options;
    await this.#empty({
      timeoutMs: drainTimeoutMs,
      lateMessage: 'The run was stopped: another one did not end, and neither did this in time.',
    });
    const message = `A run went on for ${cancelTimeoutMs} ms after it was ended.`;
    await this.process.kill('overstayed', message);
  }

  async #empty(options: {
    readonly timeoutMs: number;
    readonly lateMessage: string;
  }): Promise<void> {
    this.#isDraining = true;
    if (this.#runs.size > 0) {
      const drained = Promise.withResolvers<void>();
      const timer = setTimeout(drained.resolve, options.timeoutMs);
      this.#drained = drained.resolve;
      await drained.promise;
      clearTimeout(timer);
    }
    for (const run of [...this.#runs.values()]) run.fail(failed('run_failed', options.lateMessage));
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'event':
        // An event of a run that is over (cancelled, say) has no reader any more.
        this.#runs.get(message.runId)?.push(message.event);
        return;
      case 'question':
        void this.#answer(message);
        return;
      case 'tool_decided':
        if (message.runId === null) this.#options.outside.onToolDecided(this.#outside(), message);
        else this.#runs.get(message.runId)?.request.onToolDecided?.(message);
        return;
      case 'run_over':
        this.#outlivers.over(message.runId);
        return;
      case 'loaded':
      case 'load_failed':
        void this.process.kill('protocol', 'The process loaded without being asked.');
        return;
      default:
        message satisfies never;
    }
  }

  async #answer({ callId, runId, question }: Question): Promise<void> {
    const run = runId === null ? null : this.#runs.get(runId);
    if (run === undefined) {
      this.#trySend({ type: 'refusal', callId, message: 'The run is over.' });
      return;
    }
    const reply = await this.#ask(run, question).then(
      (given): ToWorker | null => {
        if (given.type === 'value') return { type: 'reply', callId, result: given.value ?? null };
        sendToolResult(this.process, callId, given);
        return null;
      },
      (error: unknown): ToWorker => ({ type: 'refusal', callId, message: refusalText(error) }),
    );
    if (reply === null || this.#trySend(reply)) return;
    this.#trySend({ type: 'refusal', callId, message: 'The answer cannot be written as JSON.' });
  }

  async #ask(run: ActiveRun | null, question: Question['question']): Promise<WorkerAnswer> {
    const { unread, outside } = this.#options;
    const waiting = unread.hold(this.load, 'question');
    try {
      holdQuestion(waiting, question);
      return await (run?.request.answer(question) ?? outside.answer(this.#outside(), question));
    } finally {
      waiting.release();
    }
  }

  #outside(): OutsideWork {
    const live = [...this.#runs.values()].map(({ request }) => request.caller);
    return { load: this.load, callers: [...live, ...this.#callers.all()] };
  }

  #trySend(message: ToWorker): boolean {
    try {
      this.process.send(message);
      return true;
    } catch {
      return false;
    }
  }

  #runEnded(runId: string, last: LastEvent | null): void {
    this.#runs.delete(runId);
    this.#options.access.endRun(runId);
    this.#touch();
    this.onRunEnded(last);
    if (this.#runs.size === 0) this.#drained?.();
  }

  #ended(end: WorkerEnd): void {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    const event = failed(
      'worker_crashed',
      endMessage(end.reason),
      end.detail ? { detail: end.detail } : {},
    );
    for (const run of [...this.#runs.values()]) run.fail(event);
    this.#outlivers.allOver();
    this.#options.access.revoke();
  }

  #touch(): void {
    this.lastUsedMs = performance.now();
    this.#awaitIdleEnd();
  }

  #awaitIdleEnd(): void {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    this.#idleTimer = null;
    if (this.#runs.size > 0 || !this.isOpen) return;
    this.#idleTimer = setTimeout(() => {
      void this.process.end('evicted');
    }, this.#options.idleTimeoutMs).unref();
  }
}

function refusalText(error: unknown): string {
  return error instanceof GatewayError ? error.message : 'The gateway could not answer.';
}

function endMessage(reason: WorkerEndReason): string {
  switch (reason) {
    case 'stalled':
      return "The agent's process stopped answering and was ended.";
    case 'memory':
      return "The agent's process used too much memory and was ended.";
    case 'processes':
      return "The agent's process started too many others and was ended.";
    default:
      return "The agent's process ended unexpectedly.";
  }
}

function originOf({ request }: ActiveRun, { modulePath, generation }: ModuleLoad): RunOrigin {
  const { run, trace } = request;
  const { request_id: requestId, user } = run.context;
  const account = request.caller.key.user?.account;
  return {
    requestId,
    ...(trace === undefined ? {} : { trace }),
    modulePath,
    generation,
    ...(user === undefined ? {} : { user }),
    ...(account === undefined ? {} : { userAccount: account }),
  };
}
