import { Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { brokerFailure } from './broker-failure.ts';
import type { AnswerBody, ModelAnswer } from './model-line.ts';

/**
 * Wraps an answer that comes over the channel as a `Response`. What clients of OpenAI's API use is answered directly;
 * whatever else is asked for (`clone`, `blob`, `formData`, a reader on the body) is made on demand from real web objects.
 *
 * @returns An object that is `instanceof Response`. Its body fails as that of `fetch` does: with the signal's
 * reason after an abort, with `TypeError: terminated` when the connection broke.
 */
export function createBrokerResponse(answer: ModelAnswer, request: Request): Response {
  // At the first answer: `Response` brings Node's own client along, which takes a worker longer to load than itself.
  if (!(BrokerResponse.prototype instanceof Response)) {
    Object.setPrototypeOf(BrokerResponse.prototype, Response.prototype);
  }
  return new BrokerResponse(answer, request) as unknown as Response;
}

type Request = {
  readonly url: string;
  /** A field without which a success is no answer: the SDK takes it for an empty one, and asks again. */
  readonly needs: string | null;
};

class BrokerResponse {
  readonly status: number;
  readonly statusText = '';
  readonly ok: boolean;
  readonly url: string;
  readonly redirected = false;
  readonly type = 'basic';
  readonly #answer: ModelAnswer;
  readonly #source: AnswerBody;
  readonly #needs: string | null;
  #headers: Headers | undefined;
  #body: BrokerBody | undefined;
  #real: Response | undefined;
  #used = false;

  constructor(answer: ModelAnswer, request: Request) {
    this.status = answer.status;
    this.ok = answer.status >= 200 && answer.status < 300;
    this.url = request.url;
    this.#answer = answer;
    this.#source = decoded(answer);
    this.#needs = request.needs;
  }

  get headers(): Headers {
    this.#headers ??= headersOf(this.#answer.headers);
    return this.#headers;
  }

  get body(): BrokerBody | ReadableStream | null {
    if (this.#real) return this.#real.body;
    if (this.status === 204 || this.status === 304) return null;
    this.#body ??= new BrokerBody(this.#source);
    return this.#body;
  }

  get bodyUsed(): boolean {
    return this.#real?.bodyUsed ?? (this.#used || (this.#body?.used ?? false));
  }

  async text(): Promise<string> {
    if (this.#real) return this.#real.text();
    const text = new TextDecoder().decode(await this.#bytes());
    if (this.#needs === null || !this.ok || text.includes(`"${this.#needs}"`)) return text;
    throw brokerFailure(new TypeError(`The answer has no "${this.#needs}".`));
  }

  async json(): Promise<unknown> {
    return parsedAnswer(await this.text());
  }

  async bytes(): Promise<Uint8Array> {
    return this.#real ? new Uint8Array(await this.#real.arrayBuffer()) : this.#bytes();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.bytes();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  }

  clone(): Response {
    return this.#asReal().clone();
  }

  async blob(): Promise<Blob> {
    return this.#asReal().blob();
  }

  async formData(): Promise<FormData> {
    return this.#asReal().formData();
  }

  async #bytes(): Promise<Uint8Array> {
    if (this.bodyUsed) {
      throw brokerFailure(new TypeError('Body is unusable: Body has already been read'));
    }
    this.#used = true;
    const chunks: Uint8Array[] = [];
    for await (const chunk of new BrokerBody(this.#source)) chunks.push(chunk);
    const [only] = chunks;
    return only && chunks.length === 1 ? only : Buffer.concat(chunks);
  }

  #asReal(): Response {
    if (this.#real) return this.#real;
    const { status, statusText, headers } = this;
    const body = this.body as BrokerBody | null;
    const stream = body ? body.webStream() : null;
    this.#real = new Response(stream, { status, statusText, headers });
    return this.#real;
  }
}

/** A body that is read as an async iterable, the way clients do; a real stream is made when a reader is asked for. */
class BrokerBody implements AsyncIterable<Uint8Array> {
  readonly #source: AnswerBody;
  #stream: ReadableStream<Uint8Array> | undefined;
  #iterated = false;

  constructor(source: AnswerBody) {
    this.#source = source;
  }

  get used(): boolean {
    return this.#iterated || (this.#stream?.locked ?? false);
  }

  get locked(): boolean {
    return this.used;
  }

  /** Not a generator: one that was never started would skip its cleanup on `return`, and the call go on. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#iterated = true;
    return {
      next: async () => {
        const value = await this.#source.next();
        return value ? { done: false, value } : { done: true, value: undefined };
      },
      return: async () => {
        this.#source.cancel();
        return { done: true, value: undefined };
      },
    };
  }

  values(): AsyncIterator<Uint8Array, undefined> {
    return this[Symbol.asyncIterator]();
  }

  async cancel(): Promise<void> {
    this.#source.cancel();
  }

  getReader(): ReadableStreamDefaultReader<Uint8Array> {
    return this.webStream().getReader();
  }

  pipeThrough<T>(pair: {
    readable: ReadableStream<T>;
    writable: WritableStream<Uint8Array>;
  }): ReadableStream<T> {
    return this.webStream().pipeThrough(pair);
  }

  pipeTo(
    destination: WritableStream<Uint8Array>,
    options?: Parameters<ReadableStream<Uint8Array>['pipeTo']>[1],
  ): Promise<void> {
    return this.webStream().pipeTo(destination, options);
  }

  tee(): [ReadableStream<Uint8Array>, ReadableStream<Uint8Array>] {
    return this.webStream().tee();
  }

  webStream(): ReadableStream<Uint8Array> {
    this.#stream ??= ReadableStream.from(this) as ReadableStream<Uint8Array>;
    return this.#stream;
  }
}

function parsedAnswer(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw error instanceof Error ? brokerFailure(error) : error;
  }
}

function headersOf(received: ModelAnswer['headers']): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    for (const one of typeof value === 'string' ? [value] : value) headers.append(name, one);
  }
  return headers;
}

/** No object: a server may say `constructor`. */
const decoders: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/** This way asks for no compression, but a module may, and a server may not ask. */
function decoded({ headers, body }: ModelAnswer): AnswerBody {
  const create = decoders.get(String(headers['content-encoding'] ?? '').toLowerCase());
  if (!create) return body;
  const source = new Readable({
    read() {
      body.next().then(
        (piece) => this.push(piece),
        (error: Error) => this.destroy(error),
      );
    },
  });
  const decoder = create();
  // Whoever reads learns of a broken answer; one that nobody reads must not end the process.
  decoder.on('error', () => undefined);
  source.on('error', (error) => decoder.destroy(error));
  const pieces = source.pipe(decoder)[Symbol.asyncIterator]();
  return {
    async next() {
      const step = await pieces.next();
      return step.done ? null : (step.value as Uint8Array);
    },
    cancel() {
      decoder.destroy();
      body.cancel();
    },
  };
}
