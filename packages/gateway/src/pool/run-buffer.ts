import { isLastEvent, type LastEvent, type RunEvent } from '../protocol/run.ts';
import type { RunSink } from '../protocol/run-sink.ts';
import type { Unread } from '../protocol/unread-room.ts';
import { initialCredits, maxCharsAhead } from '../protocol/worker/messages.ts';

/** Credit goes back in portions, so that it costs one message for many events, or for much text. */
const CREDIT_PORTION = initialCredits / 4;
const CREDIT_CHARS = maxCharsAhead / 4;

/** Bytes of a UTF-16 unit. */
const UNIT_BYTES = 2;

/**
 * The events of one run between the worker and one sink. They go straight through, and wait only before there is a
 * sink and while it is behind. What waits is bounded by the credits that the worker was given, and by the room that there
 * is for what nobody reads.
 */
export class RunBuffer {
  readonly #onCredit: (events: number) => void;
  readonly #unread: Unread;
  #sink: RunSink | null = null;
  #isBehind = false;
  #waiting: RunEvent[] = [];
  #nextIndex = 0;
  /** UTF-16 units, as the next. */
  #waitingText = 0;
  /** Of the event that its sink has taken and not passed on. */
  #passingText = 0;
  #taken = 0;
  #takenText = 0;
  #isEnded = false;

  /**
   * @param onCredit - Called with how many events the sink took since the last time.
   * @param unread - Is told what waits, and given back once all has passed.
   */
  constructor(onCredit: (events: number) => void, unread: Unread) {
    this.#onCredit = onCredit;
    this.#unread = unread;
  }

  /** True from the last event on, whether or not the sink has it yet. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Takes the next event, the last one included. False where more waits than the worker had credit for, or than there is room. */
  push(event: RunEvent): boolean {
    if (this.#isEnded) return true;
    this.#isEnded = isLastEvent(event);
    if (this.#sink && !this.#isBehind) this.#write(this.#sink, event);
    else {
      this.#waiting.push(event);
      this.#waitingText += textLength(event);
    }
    if (!this.#hold()) {
      this.#unread.refused();
      return false;
    }
    return this.#waiting.length - this.#nextIndex <= initialCredits * 2;
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
    this.#hold();
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

  /** Tells what waits. False where there is no room for it. */
  #hold(): boolean {
    if (this.#isEnded && this.#sink && !this.#isBehind) this.#unread.release();
    return this.#unread.set((this.#waitingText + this.#passingText) * UNIT_BYTES);
  }

  #write(sink: RunSink, event: RunEvent): void {
    this.#countTaken(textLength(event));
    const caughtUp = sink.write(event);
    if (!caughtUp) return;
    this.#isBehind = true;
    this.#passingText = textLength(event);
    void caughtUp.then(() => {
      this.#isBehind = false;
      this.#passingText = 0;
      this.#drain(sink);
      this.#hold();
    });
  }

  #empty(): void {
    this.#waiting = [];
    this.#nextIndex = 0;
    this.#waitingText = 0;
  }

  #countTaken(chars: number): void {
    this.#taken += 1;
    this.#takenText += chars;
    const isPortion = this.#taken >= CREDIT_PORTION || this.#takenText >= CREDIT_CHARS;
    if (!isPortion || this.#isEnded) return;
    this.#onCredit(this.#taken);
    this.#taken = 0;
    this.#takenText = 0;
  }
}

function textLength(event: RunEvent): number {
  return event.type === 'text' || event.type === 'reasoning' ? event.delta.length : 0;
}
