import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { UpstreamApi } from '../../protocol/records.ts';
import type { Unread } from '../../protocol/unread-room.ts';
import { type AnswerSink, type Taken, unreadError } from './answer-sink.ts';
import type { AnswerTap } from './answer-tap.ts';
import { type AnswerWatch, createAnswerWatch } from './answer-watch.ts';
import { contentOf, isJson, isModelOutput, readRetryAfterMs, responseHeaders } from './headers.ts';
import { type CountHider, createCountHider } from './hide-count.ts';
import { createKeyMask, type KeyMask } from './key-mask.ts';
import { asksForStream } from './request-body.ts';

/** A refused answer that is longer than this is cut rather than read to keep its connection. */
const MAX_DISCARDED_BYTES = 65_536;

/** How one request to an upstream ended. Only `answered`, `broken` and `aborted` may have sent bytes to the worker. */
export type AttemptEnd =
  | { readonly type: 'answered'; readonly status: number; readonly watch: AnswerWatch }
  /** A status worth another attempt, of which the worker saw nothing. */
  | { readonly type: 'deferred'; readonly status: number; readonly retryAfterMs: number }
  | {
      readonly type: 'broken';
      readonly reason: BrokenReason;
      readonly status: number;
      readonly error: string;
      readonly watch: AnswerWatch | null;
    }
  | { readonly type: 'aborted'; readonly status: number; readonly watch: AnswerWatch | null };

/** `failed`: the answer itself says so, whatever its status; `unread`: it waits, like too many, for its worker to read it. */
export type BrokenReason = 'unreachable' | 'timed_out' | 'cut' | 'garbled' | 'failed' | 'unread';

type Receiver = {
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
  /** Set for a model call. */
  readonly api: UpstreamApi | null;
  readonly body: unknown;
  /** Whether the event with the count is kept from the worker. */
  readonly hidesCount: boolean;
  readonly metered: Pick<Unread, 'set'>;
  readonly tap: AnswerTap | null;
  /** Of the upstream. */
  readonly apiKey: string | null;
};

/** One answer on its way from an upstream to a worker. Calls `onEnd` exactly once. */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #receiver: Receiver;
  readonly #defers: (status: number, retryAfterMs: number) => boolean;
  readonly #onEnd: (end: AttemptEnd) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #status = 0;
  #headers: IncomingHttpHeaders = {};
  #watch: AnswerWatch | null = null;
  #content: ReturnType<typeof contentOf> = 'other';
  #hider: CountHider | KeyMask | null = null;
  /** The last piece of a whole answer to a model call: its end tells whether it is one. */
  #held: Buffer | null = null;
  #hasEnded = false;
  #discardedBytes = 0;

  constructor(
    receiver: Receiver,
    defers: (status: number, retryAfterMs: number) => boolean,
    onEnd: (end: AttemptEnd) => void,
  ) {
    this.#receiver = receiver;
    this.#defers = defers;
    this.#onEnd = onEnd;
    if (receiver.signal.aborted) this.#abort();
    else receiver.signal.addEventListener('abort', this.#abort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#hasEnded) controller.abort(new Error('Ended while connecting.'));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
    const retryAfterMs = readRetryAfterMs(headers);
    if (this.#defers(status, retryAfterMs)) {
      this.#end({ type: 'deferred', status, retryAfterMs });
      return;
    }
    const { api, body } = this.#receiver;
    if (api !== null && status < 300) {
      // Clients take JSON in place of a stream for an empty one.
      const isGarbled = !isModelOutput(headers) || (isJson(headers) && asksForStream(body));
      if (isGarbled) {
        controller.abort(new GarbledError(`answered with ${headers['content-type']}`));
        return;
      }
    }
    this.#content = contentOf(headers);
    const { tap } = this.#receiver;
    this.#watch = createAnswerWatch({ status, form: { type: this.#content, api }, tap });
    this.#hider = this.#hiderFor(status);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#hasEnded) {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > MAX_DISCARDED_BYTES) controller.abort(new Error('Too long.'));
      return;
    }
    this.#count(chunk);
    const failure = this.#content === 'events' ? this.#watch?.failure() : null;
    if (failure) {
      controller.abort(new FailedError(failure));
      return;
    }
    const ready = this.#ready(chunk);
    const taken = ready === null ? 'taken' : this.#write(ready);
    if (taken === 'taken') return;
    if (taken === 'no_room') {
      this.#leaveUnread();
      return;
    }
    controller.pause();
    this.#receiver.sink.onceDrained(() => controller.resume());
  }

  onResponseEnd(): void {
    const watch = this.#watch;
    if (this.#hasEnded || watch === null) return;
    const status = this.#status;
    const failure = watch.failure();
    if (failure !== null || !watch.isWhole()) {
      const error = failure ?? 'the stream ended early';
      const reason = failure === null ? 'cut' : 'failed';
      this.#end({ type: 'broken', reason, status, error, watch });
      return;
    }
    const rest = this.#held ?? this.#hider?.rest();
    if (rest?.length && this.#write(rest) === 'no_room') {
      this.#leaveUnread();
      return;
    }
    this.#writeHead();
    this.#receiver.sink.end();
    this.#end({ type: 'answered', status, watch });
  }

  #hiderFor(status: number): CountHider | KeyMask | null {
    const { hidesCount, apiKey } = this.#receiver;
    if (status >= 400) return apiKey === null ? null : createKeyMask(apiKey);
    return hidesCount && this.#content === 'events' && status < 300 ? createCountHider() : null;
  }

  /** What of the answer can go to the worker by now. */
  #ready(chunk: Buffer): Buffer | null {
    if (this.#hider) {
      const passed = this.#hider.pass(chunk);
      return passed.length > 0 ? passed : null;
    }
    if (this.#receiver.api === null || this.#content !== 'json' || this.#status >= 300)
      return chunk;
    const before = this.#held;
    this.#held = chunk;
    return before;
  }

  /** An answer without room to hold what may be its count has none. */
  #count(chunk: Buffer): void {
    const watch = this.#watch;
    if (!watch) return;
    watch.read(chunk);
    const { metered } = this.#receiver;
    if (metered.set(watch.heldLength())) return;
    watch.forget();
    metered.set(watch.heldLength());
  }

  #leaveUnread(): void {
    const [status, watch] = [this.#status, this.#watch];
    this.#end({ type: 'broken', reason: 'unread', status, error: unreadError, watch });
    this.#controller?.abort(new Error(unreadError));
  }

  #write(chunk: Buffer): Taken {
    this.#writeHead();
    return this.#receiver.sink.write(chunk);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const base = { status: this.#status, watch: this.#watch };
    this.#end({ type: 'broken', ...classify(error, this.#status), ...base });
  }

  /** Also before there is a connection: a run that ends does not wait for one. */
  readonly #abort = (): void => {
    this.#end({ type: 'aborted', status: this.#status, watch: this.#watch });
    this.#controller?.abort(new Error('The call was aborted.'));
  };

  #writeHead(): void {
    const { sink } = this.#receiver;
    if (sink.hasBegun()) return;
    const headers = responseHeaders(this.#headers);
    if (this.#hider) delete headers['content-length'];
    sink.head(this.#status, headers);
  }

  #end(end: AttemptEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#receiver.signal.removeEventListener('abort', this.#abort);
    this.#onEnd(end);
  }
}

/** An answer that is no answer of this API: a login page, another service on the port. */
class GarbledError extends Error {}

/** An answer that says itself that it is none. */
class FailedError extends Error {}

function classify(
  error: Error & { code?: string },
  status: number,
): { reason: BrokenReason; error: string } {
  const text = error.code ? `${error.code} ${error.message}` : error.message;
  if (error instanceof GarbledError || error.name === 'HTTPParserError') {
    return { reason: 'garbled', error: text };
  }
  if (error instanceof FailedError) return { reason: 'failed', error: error.message };
  if (error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT') {
    return { reason: 'timed_out', error: text };
  }
  return { reason: status > 0 ? 'cut' : 'unreachable', error: text };
}
