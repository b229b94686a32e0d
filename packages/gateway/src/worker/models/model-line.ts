import { modelAckBytes } from '../../protocol/worker/frame-limits.ts';
import type { FromWorker, ModelData, ModelMessage } from '../../protocol/worker/messages.ts';
import { brokerFailure } from './broker-failure.ts';

/** A call of the broker as it goes over the channel. */
export type ModelRequest = {
  readonly method: string;
  /** At the broker, with query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `maxFrameBytes` long at most. */
  readonly body: Uint8Array | null;
  /** Undefined where it is not known for which run it is. */
  readonly runId: string | undefined;
  readonly signal: AbortSignal | undefined;
};

/** Its answer, from the head on. */
export type ModelAnswer = {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: AnswerBody;
};

/** The body of an answer, for one reader. */
export type AnswerBody = {
  /**
   * The next piece, null when no more comes. Rejects with the signal's reason after an abort, with `TypeError: terminated`
   * where the answer broke off, as `fetch` does.
   */
  readonly next: () => Promise<Uint8Array | null>;
  /** Nobody reads on: the gateway gives the call up. */
  readonly cancel: () => void;
};

/** A worker's end of its model calls over the channel. */
export type ModelLine = {
  /** Resolves with the head of the answer. Rejects with the signal's reason after an abort. */
  readonly call: (request: ModelRequest) => Promise<ModelAnswer>;
  /** Takes a part of an answer; one of a call that was given up is passed over. */
  readonly take: (part: ModelData, bytes: Uint8Array | null) => void;
};

/** @param send - To the gateway; its bytes are those of a `model_call`. */
export function createModelLine(
  send: (message: ModelMessage & FromWorker, bytes?: Uint8Array) => void,
): ModelLine {
  const calls = new Map<string, OpenCall>();
  let made = 0;
  return {
    call(request) {
      const { method, path, headers, body, signal } = request;
      if (signal?.aborted) return Promise.reject(signal.reason);
      made += 1;
      const callId = String(made);
      const call = new OpenCall({
        signal,
        onTaken: (taken) => send({ type: 'model_ack', callId, taken }),
        onLeft: () => send({ type: 'model_abort', callId }),
        onOver: () => calls.delete(callId),
      });
      calls.set(callId, call);
      const runId = request.runId ?? null;
      send({ type: 'model_call', callId, runId, method, path, headers }, body ?? undefined);
      return call.answer;
    },
    take: (part, bytes) => calls.get(part.callId)?.take(part, bytes),
  };
}

type CallEnds = {
  readonly signal: AbortSignal | undefined;
  readonly onTaken: (bytes: number) => void;
  /** Only where the gateway may still send. */
  readonly onLeft: () => void;
  /** No more comes, or is wanted. Told once. */
  readonly onOver: () => void;
};

/** One call, from its request to the last byte of its answer; to its reader it is the body. */
class OpenCall implements AnswerBody {
  readonly #answer = Promise.withResolvers<ModelAnswer>();
  readonly #ends: CallEnds;
  readonly #pieces: Uint8Array[] = [];
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;
  #reader: PromiseWithResolvers<Uint8Array | null> | null = null;
  #untold = 0;

  constructor(ends: CallEnds) {
    this.#ends = ends;
    ends.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get answer(): Promise<ModelAnswer> {
    return this.#answer.promise;
  }

  take({ status, headers = {}, end, cut }: ModelData, bytes: Uint8Array | null): void {
    if (this.#isOver) return;
    if (status !== undefined) this.#answer.resolve({ status, headers, body: this });
    if (bytes?.length) {
      if (this.#reader) this.#reader.resolve(this.#taken(bytes));
      else this.#pieces.push(bytes);
      this.#reader = null;
    }
    if (!end && !cut) return;
    this.#over();
    const brokenOff = brokerFailure(new TypeError('terminated'));
    if (cut) this.#fail(brokenOff);
    // Nothing where it has a head.
    this.#answer.reject(brokenOff);
    this.#reader?.resolve(null);
    this.#reader = null;
  }

  async next(): Promise<Uint8Array | null> {
    const piece = this.#pieces.shift();
    if (piece) return this.#taken(piece);
    if (this.#failure) throw this.#failure.error;
    if (this.#isOver) return null;
    if (this.#reader) return this.#reader.promise.then(() => this.next());
    this.#reader = Promise.withResolvers();
    return this.#reader.promise;
  }

  cancel(): void {
    this.#leave(new TypeError('The body was cancelled.'));
  }

  readonly #onAbort = (): void => this.#leave(this.#ends.signal?.reason);

  #taken(piece: Uint8Array): Uint8Array {
    this.#untold += piece.length;
    if (this.#untold >= modelAckBytes && !this.#isOver) {
      this.#ends.onTaken(this.#untold);
      this.#untold = 0;
    }
    return piece;
  }

  #leave(error: unknown): void {
    if (this.#isOver) return;
    this.#over();
    this.#ends.onLeft();
    this.#pieces.length = 0;
    this.#fail(error);
  }

  #over(): void {
    this.#isOver = true;
    this.#ends.signal?.removeEventListener('abort', this.#onAbort);
    this.#ends.onOver();
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#answer.reject(error);
    this.#reader?.reject(error);
    this.#reader = null;
  }
}
