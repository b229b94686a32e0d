import { type FailureCode, GatewayError } from '../errors.ts';
import type { PoolRun } from '../protocol/pool.ts';
import {
  type FailureDetail,
  isLastEvent,
  type LastEvent,
  noUsage,
  type RunEvent,
  type Usage,
} from '../protocol/run.ts';
import type { RunSink } from '../protocol/run-sink.ts';
import type { Unread } from '../protocol/unread-room.ts';
import type { ToolVerdicts, WorkerRun } from '../protocol/worker/messages.ts';
import { believedFailure } from './claimed-failure.ts';
import { RunBuffer } from './run-buffer.ts';

/** The worker's side of a run, as far as the run needs it. */
export type RunLink = {
  readonly credit: (events: number) => void;
  readonly cancel: (reason: string) => void;
  readonly decide: (verdicts: ToolVerdicts) => void;
  /** The run is over for its caller, and not yet in the worker; `gone` is to be called when it is. */
  readonly outlived: (gone: () => void) => void;
  /** What its model calls have cost so far; null where that is not known. */
  readonly usage: () => Usage | null;
  /** Whether one of its model calls was refused with this code. */
  readonly hasRefused: (code: FailureCode) => boolean;
};

/** A run from the moment it was asked for, before it has a worker, to its last event. */
export class ActiveRun {
  readonly request: PoolRun;
  readonly #buffer: RunBuffer;
  #link: RunLink | null = null;
  #verdicts: ToolVerdicts;

  /** @param unread - Is told what waits for its reader. */
  constructor(request: PoolRun, unread: Unread) {
    this.request = request;
    this.#verdicts = request.run.verdicts;
    this.#buffer = new RunBuffer((events) => this.#link?.credit(events), unread);
    if (request.signal.aborted) this.#aborted();
    else request.signal.addEventListener('abort', this.#aborted, { once: true });
  }

  get isEnded(): boolean {
    return this.#buffer.isEnded;
  }

  /** The run as a worker is to begin it: with the verdicts that hold by now. */
  get workerRun(): WorkerRun {
    return { ...this.request.run, verdicts: this.#verdicts };
  }

  /** Sends its events there; once. */
  sendTo(sink: RunSink): void {
    this.#buffer.sendTo(sink);
  }

  /** Joins it to the worker it now runs in. */
  attach(link: RunLink): void {
    this.#link = link;
    this.request.onTaken?.();
  }

  /** Puts other verdicts in place, in its worker too where it has one. */
  decide(verdicts: ToolVerdicts): void {
    this.#verdicts = verdicts;
    this.#link?.decide(verdicts);
  }

  /** Takes the worker's next event. */
  push(event: RunEvent): void {
    if (this.isEnded) return;
    if (isLastEvent(event)) {
      const last = this.#withMeteredUsage(this.#believed(event));
      this.#buffer.push(last);
      this.#link = null;
      this.#end(last);
      return;
    }
    this.request.onEvent?.(event);
    if (this.#buffer.push(event)) return;
    const message = 'The answer was read too slowly and grew too large to hold.';
    const detail = { class: 'AnswerNotRead', message, stage: 'stream' } as const;
    this.#stop(failed('run_failed', message, { detail }));
  }

  /** Ends it with a failure, in place of what the reader has not taken yet. */
  fail(event: LastEvent): void {
    if (this.isEnded) return;
    const last = this.#withMeteredUsage(event);
    this.#buffer.cut(last);
    this.#end(last);
  }

  readonly #aborted = (): void => {
    const { reason } = this.request.signal;
    this.#stop(
      reason instanceof GatewayError
        ? failed(reason.code, reason.message)
        : failed('run_cancelled', 'The run was cancelled.'),
    );
  };

  #stop(event: LastEvent): void {
    if (this.isEnded) return;
    const last = this.#withMeteredUsage(event);
    this.#buffer.cut(last);
    this.#link?.cancel('The run was stopped.');
    this.#end(last);
  }

  #believed(event: LastEvent): LastEvent {
    if (event.type !== 'failed') return event;
    return believedFailure(event, (code) => this.#link?.hasRefused(code) ?? false);
  }

  /** A worker that died reports no usage, and one whose module calls models itself knows of its SDK's calls only. */
  #withMeteredUsage(event: LastEvent): LastEvent {
    const metered = this.#link?.usage() ?? null;
    if (metered === null) return event;
    // Where it saw as many calls as the worker tells of, its counts are what they cost.
    return metered.requests >= event.usage.requests ? { ...event, usage: metered } : event;
  }

  #end(last: LastEvent): void {
    const { signal, ending } = this.request;
    signal.removeEventListener('abort', this.#aborted);
    const link = this.#link;
    this.#link = null;
    link?.outlived(ending.gone);
    ending.end(last);
    if (!link) ending.gone();
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
