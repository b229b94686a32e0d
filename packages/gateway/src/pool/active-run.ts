import { type FailureCode, GatewayError } from '../errors.ts';
import {
  type FailureDetail,
  isLastEvent,
  type LastEvent,
  noUsage,
  type RunEvent,
  type Usage,
} from '../protocol/run.ts';
import type {
  ToolDecided,
  ToolVerdicts,
  WorkerQuestion,
  WorkerRun,
} from '../protocol/worker/messages.ts';
import { RunStream } from './run-stream.ts';

/** One run as the pool gets it. */
export type PoolRun = {
  readonly run: WorkerRun;
  readonly keyId: string;
  /** Cancels the run. A `GatewayError` as reason becomes its failure, anything else `run_cancelled`. */
  readonly signal: AbortSignal;
  /** Answers a question that the worker asks during the run; a rejection refuses it. */
  readonly answer: (question: WorkerQuestion) => Promise<unknown>;
  /** Calls back when other verdicts hold, until the returned function is called: when the run is over. */
  readonly followVerdicts?: (listener: (verdicts: ToolVerdicts) => void) => () => void;
  /** Told what the worker made of the verdicts. */
  readonly onToolDecided?: (decided: ToolDecided) => void;
};

/** The worker's side of a run, as far as the run needs it. */
export type RunLink = {
  readonly credit: (events: number) => void;
  readonly cancel: (reason: string) => void;
  readonly decide: (verdicts: ToolVerdicts) => void;
  /** What its model calls have cost so far; null where that is not known. */
  readonly usage: () => Usage | null;
  /** The run is over, however it ended. */
  readonly ended: (last: LastEvent | null) => void;
};

/** A run from the moment it was asked for, before it has a worker, to its last event. */
export class ActiveRun {
  readonly request: PoolRun;
  readonly #stream: RunStream;
  readonly #unfollow: () => void;
  #link: RunLink | null = null;
  #verdicts: ToolVerdicts;

  constructor(request: PoolRun) {
    this.request = request;
    this.#verdicts = request.run.verdicts;
    this.#unfollow = request.followVerdicts?.((verdicts) => this.#decide(verdicts)) ?? (() => {});
    this.#stream = new RunStream({
      onCredit: (events) => this.#link?.credit(events),
      onLeft: () => this.#cancel('The reader left.'),
    });
    if (request.signal.aborted) this.#aborted();
    else request.signal.addEventListener('abort', this.#aborted, { once: true });
  }

  get events(): AsyncIterable<RunEvent> {
    return this.#stream;
  }

  get isEnded(): boolean {
    return this.#stream.isEnded;
  }

  /** The run as a worker is to begin it: with the verdicts that hold by now. */
  get workerRun(): WorkerRun {
    return { ...this.request.run, verdicts: this.#verdicts };
  }

  /** Joins it to the worker it now runs in. */
  attach(link: RunLink): void {
    this.#link = link;
  }

  /** Takes the worker's next event. */
  push(event: RunEvent): void {
    if (this.isEnded) return;
    if (isLastEvent(event)) {
      const last = this.#settled(event);
      this.#stream.push(last);
      this.#release(last);
    } else if (!this.#stream.push(event)) {
      this.#stop(
        failed('run_failed', 'The answer was read too slowly and grew too large to hold.'),
      );
    }
  }

  /** Ends it with a failure, in place of what the reader has not taken yet. */
  fail(event: LastEvent): void {
    if (this.isEnded) return;
    const last = this.#settled(event);
    this.#stream.cut(last);
    this.#release(last);
  }

  readonly #aborted = (): void => {
    const { reason } = this.request.signal;
    this.#stop(
      reason instanceof GatewayError
        ? failed(reason.code, reason.message)
        : failed('run_cancelled', 'The run was cancelled.'),
    );
  };

  #decide(verdicts: ToolVerdicts): void {
    this.#verdicts = verdicts;
    this.#link?.decide(verdicts);
  }

  #stop(event: LastEvent): void {
    if (this.isEnded) return;
    const last = this.#settled(event);
    this.#stream.cut(last);
    this.#cancel('The run was stopped.', last);
  }

  #cancel(reason: string, last: LastEvent | null = null): void {
    this.#link?.cancel(reason);
    this.#release(last);
  }

  /** A worker that died told no usage, and one whose module calls models itself knows of its SDK's calls only. */
  #settled(event: LastEvent): LastEvent {
    const metered = event.type === 'interrupted' ? null : (this.#link?.usage() ?? null);
    if (event.type === 'interrupted' || metered === null) return event;
    return metered.requests > event.usage.requests ? { ...event, usage: metered } : event;
  }

  #release(last: LastEvent | null): void {
    this.request.signal.removeEventListener('abort', this.#aborted);
    this.#unfollow();
    const link = this.#link;
    this.#link = null;
    link?.ended(last);
  }
}

/** The last event of a run that the pool itself ends. What it used comes from where its model calls are metered. */
export function failed(
  code: FailureCode,
  message: string,
  more: { detail?: FailureDetail; retryAfterSeconds?: number } = {},
): LastEvent {
  return { type: 'failed', code, message, ...more, usage: noUsage };
}
