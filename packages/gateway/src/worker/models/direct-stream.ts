import { createEventSplitter, type StreamEvent } from '../../protocol/text/server-events.ts';

/** The class of a client's streams, as far as it is used. */
export type StreamClass = {
  new (
    iterate: () => AsyncIterator<unknown>,
    controller: AbortController,
    client: unknown,
  ): AsyncIterable<unknown>;
  fromSSEResponse(
    response: Response,
    controller: AbortController,
    client: unknown,
    ...rest: readonly unknown[]
  ): AsyncIterable<unknown>;
};

type OpenStream = {
  readonly response: Response;
  readonly controller: AbortController;
  readonly client: unknown;
};

/**
 * Stands for a client's stream class where it reads an answer. Its streams are of that class and give the same events at a
 * part of the cost. What is no plain event (errors, what is no JSON) is left to the class itself.
 */
export function directStreams(Stream: StreamClass): Pick<StreamClass, 'fromSSEResponse'> {
  return {
    fromSSEResponse(response, controller, client, isNamed, mode = 'legacy') {
      if (isNamed || mode !== 'legacy' || response.body === null) {
        return Stream.fromSSEResponse(response, controller, client, isNamed, mode);
      }
      const open = { response, controller, client };
      let isConsumed = false;
      return new Stream(
        () => {
          // A second reader is told so in the class's own words.
          if (isConsumed) return consumedTwice(Stream, open);
          isConsumed = true;
          return new DirectEvents(Stream, open);
        },
        controller,
        client,
      );
    },
  };
}

/** The events of one answer, parsed when they are asked for. */
class DirectEvents implements AsyncIterableIterator<unknown> {
  readonly #Stream: StreamClass;
  readonly #open: OpenStream;
  readonly #pieces: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  readonly #splitter = createEventSplitter((event) => void this.#events.push(event));
  #events: StreamEvent[] = [];
  #at = 0;
  #isOver = false;

  constructor(Stream: StreamClass, open: OpenStream) {
    this.#Stream = Stream;
    this.#open = open;
    const body = open.response.body as unknown as AsyncIterable<Uint8Array>;
    this.#pieces = body[Symbol.asyncIterator]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<unknown>> {
    try {
      for (;;) {
        if (this.#isOver) return end;
        const event = this.#events[this.#at];
        if (event === undefined) {
          if (await this.#readOn()) continue;
          this.#isOver = true;
          return end;
        }
        this.#at += 1;
        if (event.data.startsWith('[DONE]')) return this.#readOut();
        const value = plainValue(event);
        return { done: false, value: value ?? (await this.#readByClass(event)) };
      }
    } catch (error) {
      this.#leave();
      if (isAbort(error, this.#open.controller.signal)) return end;
      throw error;
    }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#leave();
    return end;
  }

  /** False where no more comes. */
  async #readOn(): Promise<boolean> {
    this.#events = [];
    this.#at = 0;
    const { done, value } = await this.#pieces.next();
    if (!done) {
      this.#splitter.read(this.#decoder.decode(value, { stream: true }));
      return true;
    }
    // The last event may lack its blank line.
    this.#splitter.read(this.#decoder.decode());
    this.#splitter.end();
    return this.#events.length > 0;
  }

  /** Its end has come; what may follow is taken, so that the call is not one that was left. */
  #readOut(): IteratorResult<unknown> {
    this.#isOver = true;
    const rest = async () => {
      while (!(await this.#pieces.next()).done);
    };
    rest().catch(() => undefined);
    return end;
  }

  /** Who breaks off aborts the request. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#open.controller.abort();
  }

  /** As the class reads this one event: it throws the errors that only it can make. */
  async #readByClass({ name, data }: StreamEvent): Promise<unknown> {
    const { response, client } = this.#open;
    const text = `${name ? `event: ${name}\n` : ''}${data.replace(/^/gm, 'data: ')}\n\n`;
    const alone = new Response(text, { headers: response.headers });
    const events = this.#Stream.fromSSEResponse(alone, new AbortController(), client);
    for await (const value of events) return value;
    return undefined;
  }
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** Null for what is more, or less, than an event's JSON. */
function plainValue({ name, data }: StreamEvent): unknown {
  if (name === 'error' || name.startsWith('thread.')) return null;
  try {
    const value = JSON.parse(data);
    return value?.error ? null : value;
  } catch {
    return null;
  }
}

/** An abort ends a stream without an error, as in the class. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  const name = error instanceof Error ? error.name : '';
  return name === 'AbortError' || (signal.aborted && error === signal.reason);
}

/** The class knows that it is read from the first `next` on. */
function consumedTwice(Stream: StreamClass, { client }: OpenStream): AsyncIterator<unknown> {
  const empty = Stream.fromSSEResponse(new Response(''), new AbortController(), client);
  void empty[Symbol.asyncIterator]().next();
  return empty[Symbol.asyncIterator]();
}
