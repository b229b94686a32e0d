import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { type Channel, type ChannelFailure, createChannel } from './channel.ts';

type Note = { readonly type: string; readonly text?: string };

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe('a channel', () => {
  test('carries messages both ways in order', async () => {
    const [left, right] = await socketPair();
    const there = listening(left);
    const back = listening(right);
    there.channel.send({ type: 'first' });
    there.channel.send({ type: 'second' });
    back.channel.send({ type: 'answer' });
    expect([await back.next(), await back.next()]).toEqual([{ type: 'first' }, { type: 'second' }]);
    expect(await there.next()).toEqual({ type: 'answer' });
  });

  test('keeps a character whole that is cut between two chunks', async () => {
    const [raw, stream] = duplexPair();
    const end = listening(stream);
    const bytes = Buffer.from(`${JSON.stringify({ type: 'note', text: 'añb🙂c' })}\n`);
    for (const byte of bytes) raw.write(Buffer.from([byte]));
    expect(await end.next()).toEqual({ type: 'note', text: 'añb🙂c' });
  });

  test('takes several lines and the start of the next from one chunk', async () => {
    const [raw, stream] = duplexPair();
    const end = listening(stream);
    raw.write('{"type":"a"}\n{"type":"b"}\n{"ty');
    raw.write('pe":"c"}\n');
    expect([await end.next(), await end.next(), await end.next()]).toEqual([
      { type: 'a' },
      { type: 'b' },
      { type: 'c' },
    ]);
  });

  test('sends all messages of one tick in one write', async () => {
    const [raw, stream] = duplexPair();
    const chunks: string[] = [];
    raw.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
    const { channel } = listening(stream);
    channel.send({ type: 'a' });
    channel.send({ type: 'b' });
    await once(raw, 'data');
    expect(chunks).toEqual(['{"type":"a"}\n{"type":"b"}\n']);
  });

  test('keeps line ends inside a text out of the line', async () => {
    const [left, right] = await socketPair();
    const there = listening(left);
    const back = listening(right);
    there.channel.send({ type: 'note', text: 'one\ntwo\r\n\u2028three' });
    expect(await back.next()).toEqual({ type: 'note', text: 'one\ntwo\r\n\u2028three' });
  });
});

describe('a channel fails', () => {
  test('on a line over the limit, long before the line ends', async () => {
    const [raw, stream] = await socketPair();
    const end = listening(stream, 1000);
    raw.on('error', () => {});
    raw.write(`{"type":"${'x'.repeat(2000)}`);
    expect(await end.closed).toEqual({
      type: 'line_too_long',
      message: 'A line is longer than 1000 bytes.',
    });
  });

  test('on a line over the limit that came whole in one chunk', async () => {
    const [raw, stream] = duplexPair();
    const end = listening(stream, 15);
    raw.write('{"type":"abcd"}\n{"type":"abcde"}\n');
    expect(await end.next()).toEqual({ type: 'abcd' });
    expect((await end.closed)?.type).toBe('line_too_long');
  });

  test.each([
    ['text', 'Segmentation fault'],
    ['an empty line', ''],
    ['an array', '[1]'],
    ['null', 'null'],
    ['an object without a type', '{"kind":"x"}'],
    ['a type that is no string', '{"type":1}'],
  ])('on %s', async (_name, line) => {
    const [raw, stream] = duplexPair();
    const end = listening(stream);
    raw.write(`${line}\n{"type":"late"}\n`);
    expect(await end.closed).toEqual({
      type: 'not_json',
      message: 'A line is no JSON object with a "type".',
    });
    expect(end.received).toEqual([]);
  });

  test('on an error of the stream', async () => {
    const [, stream] = duplexPair();
    const end = listening(stream);
    stream.destroy(new Error('broken pipe'));
    expect(await end.closed).toEqual({ type: 'stream_error', message: 'broken pipe' });
  });
});

describe('a channel closes', () => {
  test('once, without a failure, when the peer goes, and drops an unfinished line', async () => {
    const [raw, stream] = await socketPair();
    const end = listening(stream);
    raw.end('{"type":"whole"}\n{"type":"ha');
    expect(await end.closed).toBeNull();
    expect(end.received).toEqual([{ type: 'whole' }]);
    await once(stream, 'close');
    expect(end.closes).toBe(1);
  });

  test('after it has sent what was queued', async () => {
    const [left, right] = await socketPair();
    const there = listening(left);
    const back = listening(right);
    there.channel.send({ type: 'last' });
    there.channel.close();
    there.channel.send({ type: 'too late' });
    expect(await back.closed).toBeNull();
    expect(back.received).toEqual([{ type: 'last' }]);
    expect(await there.closed).toBeNull();
    expect(there.closes).toBe(1);
  });

  test('from inside a message and gives out nothing after it', async () => {
    const [raw, stream] = duplexPair();
    const received: string[] = [];
    const closed = Promise.withResolvers<ChannelFailure | null>();
    const channel: Channel<Note> = createChannel<Note, Note>(stream, {
      maxIncomingLineBytes: 1000,
      onMessage(message) {
        received.push(message.type);
        channel.close();
      },
      onClose: closed.resolve,
    });
    raw.resume();
    raw.write('{"type":"a"}\n{"type":"b"}\n');
    expect(await closed.promise).toBeNull();
    expect(received).toEqual(['a']);
  });
});

/** A channel whose messages can be awaited one by one. */
function listening(stream: Duplex, maxIncomingLineBytes = 1024 * 1024) {
  const received: Note[] = [];
  const waiting: ((note: Note) => void)[] = [];
  const unread: Note[] = [];
  const closed = Promise.withResolvers<ChannelFailure | null>();
  const end = {
    received,
    closes: 0,
    closed: closed.promise,
    next(): Promise<Note> {
      const note = unread.shift();
      return note ? Promise.resolve(note) : new Promise((resolve) => waiting.push(resolve));
    },
    channel: createChannel<Note, Note>(stream, {
      maxIncomingLineBytes,
      onMessage(note) {
        received.push(note);
        const taker = waiting.shift();
        if (taker) taker(note);
        else unread.push(note);
      },
      onClose(failure) {
        end.closes += 1;
        closed.resolve(failure);
      },
    }),
  };
  closers.push(() => stream.destroy());
  return end;
}

/** Two ends of a real socket. */
async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const left = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [right] = (await once(server, 'connection')) as [Socket];
  server.close();
  closers.push(
    () => left.destroy(),
    () => right.destroy(),
  );
  return [left, right];
}
