import { isLastEvent, type LastEvent, type RunEvent } from '../protocol/run.ts';
import type { RunSink } from '../protocol/run-sink.ts';
import { initialCredits } from '../protocol/worker/messages.ts';

/** Credit goes back in portions, so that it costs one message for many events. */
const CREDIT_PORTION = initialCredits / 4;

/** Text that may wait for one slow reader, in UTF-16 units. */
const MAX_WAITING_TEXT = 32 * 1024 * 1024;

/**
 * The events of one run between the worker and one sink. They go straight through, and wait only before there is a
 * sink and while it is behind. What waits is bounded by the credits that the worker was given.
 */
export class RunBuffer {
  readonly #onCredit: (events: number) => void;
  #sink: RunSink | null = null;
  #isBehind = false;
  #waiting: RunEvent[] = [];
  #nextIndex = 0;
  #waitingText = 0;
  #taken = 0;
  #isEnded = false;

  /** @param onCredit - Called with how many events the sink took since the last time. */
  constructor(onCredit: (events: number) => void) {
    this.#onCredit = onCredit;
  }

  /** True from the last event on, whether or not the sink has it yet. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes the next event, the last one included. False where more waits than the worker had credit for. */
  push(event: RunEvent): boolean {
    if (this.#isEnded) return true;
    this.#isEnded = isLastEvent(event);
    if (this.#sink && !this.#isBehind) {
      this.#write(this.#sink, event);
      return true;
    }
    this.#waiting.push(event);
    this.#waitingText += textLength(event);
    const waiting = this.#waiting.length - this.#nextIndex;
    return waiting <= initialCredits * 2 && this.#waitingText <= MAX_WAITING_TEXT;
  }

  /** Ends it now with this event, in place of all that still waits. */
  cut(event: LastEvent): void {
    if (this.#isEnded) return;
    this.#empty();
    this.push(event);
  }

  /** Sends what waits and all that comes to a sink; once. */
  sendTo(sink: RunSink): void {
    this.#sink = sink;
    this.#drain(sink);
  }

  #drain(sink: RunSink): void {
    while (!this.#isBehind) {
      const event = this.#waiting[this.#nextIndex];
      if (!event) return;
      this.#nextIndex += 1;
      this.#waitingText -= textLength(event);
      if (this.#nextIndex === this.#waiting.length) this.#empty();
      this.#write(sink, event);
    }
  }

  #write(sink: RunSink, event: RunEvent): void {
    this.#countTaken();
    const caughtUp = sink.write(event);
    if (!caughtUp) return;
    this.#isBehind = true;
    void caughtUp.then(() => {
      this.#isBehind = false;
      this.#drain(sink);
    });
  }

  #empty(): void {
    this.#waiting = [];
    this.#nextIndex = 0;
    this.#waitingText = 0;
  }

  #countTaken(): void {
    this.#taken += 1;
    if (this.#taken < CREDIT_PORTION || this.#isEnded) return;
    this.#onCredit(this.#taken);
    this.#taken = 0;
  }
}

function textLength(event: RunEvent): number {
  return event.type === 'text' || event.type === 'reasoning' ? event.delta.length : 0;
}
