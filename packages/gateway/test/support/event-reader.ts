import { expect } from 'vitest';
import { eventsAnswer } from '../../src/protocol/admin/events-answer.ts';

/** One server-sent event of `GET /admin/events`. */
export type ReadEvent = { readonly id: string; readonly data: Record<string, unknown> };

/** Reads a stream of events, one after the other. */
export type EventReader = {
  /** The next event; fails where the stream ends before. */
  readonly next: () => Promise<ReadEvent>;
  /** The next one of a type; those before it are passed over. */
  readonly nextOf: (type: string) => Promise<ReadEvent>;
  /** All that come until the stream ends. */
  readonly rest: () => Promise<ReadEvent[]>;
  readonly close: () => Promise<void>;
};

/** Opens the stream, which has to begin with `hello`. */
export async function readEvents(
  url: string,
  key: string,
  { query = '', lastId }: { readonly query?: string; readonly lastId?: string } = {},
): Promise<EventReader & { readonly hello: ReadEvent }> {
  const leave = new AbortController();
  const response = await fetch(`${url}/admin/events${query}`, {
    headers: {
      authorization: `Bearer ${key}`,
      ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
    },
    signal: leave.signal,
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  const events = eventsOf(response.body!);
  const reader = readerOf(events, () => leave.abort());
  return { ...reader, hello: await reader.next() };
}

function readerOf(events: AsyncGenerator<ReadEvent>, leave: () => void): EventReader {
  const next = async () => {
    const { value, done } = await events.next();
    if (done) throw new Error('The stream has ended.');
    return value;
  };
  return {
    next,
    async nextOf(type) {
      for (;;) {
        const event = await next();
        if (event.data.type === type) return event;
      }
    },
    async rest() {
      const all: ReadEvent[] = [];
      for await (const event of events) all.push(event);
      return all;
    },
    async close() {
      leave();
      await events.return(undefined).catch(() => undefined);
    },
  };
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ReadEvent> {
  let text = '';
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    const events = (text + piece).split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const id = /^id: (.*)$/m.exec(event)?.[1] ?? '';
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data !== undefined) yield { id, data: asDescribed(JSON.parse(data)) };
    }
  }
}

/** What is sent is what the description says, and no more. */
function asDescribed(data: ReadEvent['data']): ReadEvent['data'] {
  expect(eventsAnswer.parse(data)).toEqual(data);
  return data;
}
