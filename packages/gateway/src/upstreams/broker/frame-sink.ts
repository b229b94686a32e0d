import type { Unread } from '../../protocol/unread-room.ts';
import { modelWindowBytes } from '../../protocol/worker/frame-limits.ts';
import type { ModelChannel } from '../../protocol/worker/model-channel.ts';
import type { AnswerHeaders, AnswerSink, Taken } from '../relay/answer-sink.ts';

type Head = { readonly status: number; readonly headers: AnswerHeaders };
type Ending = 'end' | 'cut';

/** A worker's channel, and what waits there to be read. */
export type WorkerLine = {
  readonly channel: ModelChannel;
  /** Of all answers that wait there together. */
  readonly unread: Pick<Unread, 'set' | 'refused'>;
};

/**
 * The answer to a call that came over a worker's channel. What comes within one turn goes out as one frame: head, body and
 * end of a whole answer are one. Waits for the worker when it has `modelWindowBytes` in advance.
 */
export class FrameSink implements AnswerSink {
  readonly #callId: string;
  readonly #channel: ModelChannel;
  readonly #unread: WorkerLine['unread'];
  readonly #onClosed: () => void;
  #head: Head | null = null;
  #hasBegun = false;
  #ending: Ending | null = null;
  #isClosed = false;
  #isScheduled = false;
  #pieces: Buffer[] = [];
  /** Bytes that the worker has not taken, or may not have got. */
  #ahead = 0;
  #onDrained: (() => void) | null = null;

  /** `onClosed` is told once, when nothing more will be sent. */
  constructor(callId: string, { channel, unread }: WorkerLine, onClosed: () => void) {
    this.#callId = callId;
    this.#channel = channel;
    this.#unread = unread;
    this.#onClosed = onClosed;
  }

  hasBegun(): boolean {
    return this.#hasBegun || this.#isClosed;
  }

  head(status: number, headers: AnswerHeaders): void {
    this.#hasBegun = true;
    this.#head = { status, headers };
    this.#schedule();
  }

  write(bytes: Buffer): Taken {
    if (this.#isClosed || this.#ending) return 'taken';
    if (!this.#hasRoomFor(bytes.length)) {
      this.#unread.refused();
      return 'no_room';
    }
    this.#ahead += bytes.length;
    this.#pieces.push(bytes);
    this.#schedule();
    return this.#ahead <= modelWindowBytes && !this.#channel.isBehind() ? 'taken' : 'behind';
  }

  onceDrained(callback: () => void): void {
    this.#onDrained = callback;
    // It may be the channel alone that is to be waited for.
    this.#channel.onceTaken(() => this.#resume());
  }

  end(bytes?: Buffer): void {
    const isCut = bytes !== undefined && this.write(bytes) === 'no_room';
    this.#endWith(isCut ? 'cut' : 'end');
  }

  cut(): void {
    this.#endWith('cut');
  }

  /** The worker says that so many bytes more were taken. */
  taken(bytes: number): void {
    // What has not left this process cannot have been taken, whatever the worker says.
    this.#channel.onceTaken(() => {
      this.#ahead = Math.max(0, this.#ahead - bytes);
      this.#resume();
    });
  }

  /** The worker reads no more of it: nothing is sent any more. */
  leave(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pieces = [];
    this.#hasRoomFor(0);
    this.#onClosed();
  }

  /** What is usual there is bounded by itself, and not worth the count. */
  #hasRoomFor(more: number): boolean {
    const waiting = this.#channel.isBehind() ? this.#channel.waitingBytes() + more : 0;
    return this.#unread.set(waiting);
  }

  #resume(): void {
    this.#hasRoomFor(0);
    if (this.#ahead > modelWindowBytes) return;
    const drained = this.#onDrained;
    this.#onDrained = null;
    drained?.();
  }

  #endWith(ending: Ending): void {
    this.#ending ??= ending;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    if (this.#isClosed) return;
    const [only] = this.#pieces;
    let rest = only && this.#pieces.length === 1 ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    for (; rest.length > modelWindowBytes; rest = rest.subarray(modelWindowBytes)) {
      this.#send(null, rest.subarray(0, modelWindowBytes));
    }
    if (rest.length > 0 || this.#head || this.#ending) this.#send(this.#ending, rest);
    if (this.#ending) this.leave();
  }

  #send(last: Ending | null, bytes: Buffer): void {
    const ending = last ? { [last]: true } : {};
    const part = { type: 'model_data', callId: this.#callId, ...this.#head, ...ending } as const;
    this.#head = null;
    this.#channel.send(part, bytes.length > 0 ? bytes : undefined);
  }
}
