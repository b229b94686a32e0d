import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import type { UpstreamApi } from '../../protocol/records.ts';
import { type AnswerWatch, createAnswerWatch } from './answer-watch.ts';
import { contentOf, isJson, isModelOutput, readRetryAfterMs, responseHeaders } from './headers.ts';
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

export type BrokenReason = 'unreachable' | 'timed_out' | 'cut' | 'garbled';

type Receiver = {
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  /** Set for a model call. */
  readonly api: UpstreamApi | null;
  readonly body: unknown;
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
    this.#watch = createAnswerWatch({ status, form: { type: contentOf(headers), api } });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#hasEnded) {
      this.#discardedBytes += chunk.length;
      if (this.#discardedBytes > MAX_DISCARDED_BYTES) controller.abort(new Error('Too long.'));
      return;
    }
    this.#watch?.read(chunk);
    const { response } = this.#receiver;
    this.#writeHead();
    if (response.write(chunk)) return;
    controller.pause();
    response.once('drain', () => controller.resume());
  }

  onResponseEnd(): void {
    const watch = this.#watch;
    if (this.#hasEnded || watch === null) return;
    const status = this.#status;
    if (!watch.isWhole()) {
      const error = 'the stream ended early';
      this.#end({ type: 'broken', reason: 'cut', status, error, watch });
      return;
    }
    this.#writeHead();
    this.#receiver.response.end();
    this.#end({ type: 'answered', status, watch });
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
    const { response } = this.#receiver;
    if (!response.headersSent) response.writeHead(this.#status, responseHeaders(this.#headers));
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

function classify(
  error: Error & { code?: string },
  status: number,
): { reason: BrokenReason; error: string } {
  const text = error.code ? `${error.code} ${error.message}` : error.message;
  if (error instanceof GarbledError || error.name === 'HTTPParserError') {
    return { reason: 'garbled', error: text };
  }
  if (error.code === 'UND_ERR_HEADERS_TIMEOUT' || error.code === 'UND_ERR_BODY_TIMEOUT') {
    return { reason: 'timed_out', error: text };
  }
  return { reason: status > 0 ? 'cut' : 'unreachable', error: text };
}
