import { Stream } from 'openai/core/streaming';
import { expect, test } from 'vitest';
import { directStreams, type StreamClass } from './direct-stream.ts';

const classOfClient = Stream as unknown as StreamClass;

test.each([
  ['a blank line', 'data: {"n":1}\n\ndata: {"n":2}\n\n'],
  ['no blank line', 'data: {"n":1}\n\ndata: {"n":2}\n'],
  ['no end of its last line', 'data: {"n":1}\n\ndata: {"n":2}'],
])(
  'the last event of a stream that ends with %s is given, as by the client',
  async (_what, text) => {
    expect(await eventsOf(classOfClient, text)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await eventsOf(directStreams(classOfClient), text)).toEqual([{ n: 1 }, { n: 2 }]);
  },
);

test('a line end between two pieces ends one line', async () => {
  const pieces = ['event: x\r', '\ndata: {"n":1}\r\n\r', '\n'];
  expect(await eventsOf(directStreams(classOfClient), ...pieces)).toEqual([{ n: 1 }]);
});

async function eventsOf(streams: Pick<StreamClass, 'fromSSEResponse'>, ...pieces: string[]) {
  const body = ReadableStream.from(pieces.map((piece) => Buffer.from(piece)));
  const events = streams.fromSSEResponse(new Response(body), new AbortController(), null);
  return Array.fromAsync(events);
}
