import { isLastEvent, type LastEvent, type RunEvent } from '../protocol/run.ts';
import { initialCredits } from '../protocol/worker/messages.ts';

/** Credit goes back in portions, so that it costs one message for many events. */
const CREDIT_PORTION = initialCredits / 4;

/** Text that may wait for one slow reader, in UTF-16 units. */
const MAX_WAITING_TEXT = 32 * 1024 * 1024;

export type RunStreamHandlers = {
  /** Gives back as many credits as the reader took events. */
  readonly onCredit: (events: number) => void;
  /** The reader left before the last event. */
  readonly onLeft: () => void;
};

/**
 * The events of one run between the worker and one reader, who may be slow: to be iterated once. What waits is bounded
 * by the credits that the worker was given.
 */
export class RunStream implements AsyncIterable<RunEvent>, AsyncIterator<RunEvent> {
  readonly #handlers: RunStreamHandlers;
  #waiting: RunEvent[] = [];
  #nextIndex = 0;
  #waitingText = 0;
  #taken = 0;
  #isEnded = false;
  #reader: ((result: IteratorResult<RunEvent>) => void) | null = null;

  constructor(handlers: RunStreamHandlers) {
    this.#handlers = handlers;
  }

  /** True from the last event on, whether or not it is read yet, and once the reader left. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes the next event, the last one included. False where more waits than the worker had credit for. */
  push(event: RunEvent): boolean {
    if (this.#isEnded) return true;
    this.#accept(event);
    const waiting = this.#waiting.length - this.#nextIndex;
    return waiting <= initialCredits * 2 && this.#waitingText <= MAX_WAITING_TEXT;
  }

  /** Ends it now with this event, in place of all that still waits. */
  cut(event: LastEvent): void {
    if (this.#isEnded) return;
    this.#empty();
    this.#accept(event);
  }

  [Symbol.asyncIterator](): AsyncIterator<RunEvent> {
    return this;
  }

  next(): Promise<IteratorResult<RunEvent>> {
    const event = this.#waiting[this.#nextIndex];
    if (event) {
      this.#nextIndex += 1;
      this.#waitingText -= textLength(event);
      if (this.#nextIndex === this.#waiting.length) this.#empty();
      this.#countTaken();
      return Promise.resolve({ value: event, done: false });
    }
    if (this.#isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => {
      this.#reader = resolve;
    });
  }

  return(): Promise<IteratorResult<RunEvent>> {
    const leftEarly = !this.#isEnded;
    this.#isEnded = true;
    this.#empty();
    if (leftEarly) this.#handlers.onLeft();
    this.#reader?.({ value: undefined, done: true });
    return Promise.resolve({ value: undefined, done: true });
  }

  #accept(event: RunEvent): void {
    this.#isEnded ||= isLastEvent(event);
    if (this.#reader === null) {
      this.#waiting.push(event);
      this.#waitingText += textLength(event);
      return;
    }
    this.#reader({ value: event, done: false });
    this.#reader = null;
    this.#countTaken();
  }

  #empty(): void {
    this.#waiting = [];
    this.#nextIndex = 0;
    this.#waitingText = 0;
  }

  #countTaken(): void {
    this.#taken += 1;
    if (this.#taken < CREDIT_PORTION || this.#isEnded) return;
    this.#handlers.onCredit(this.#taken);
    this.#taken = 0;
  }
}

function textLength(event: RunEvent): number {
  return event.type === 'text' || event.type === 'reasoning' ? event.delta.length : 0;
}
