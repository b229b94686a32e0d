import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { demo, remote, startBrokerOver, startUpstream } from '../../../test/support/broker-kit.ts';
import type { FromWorker } from '../../protocol/worker/messages.ts';
import type { ModelChannel } from '../../protocol/worker/model-channel.ts';
import { FrameSink } from './frame-sink.ts';

const startBroker = startBrokerOver('the channel');
const KIB = 1024;

type Call = Extract<FromWorker, { type: 'model_call' }>;

const call: Call = {
  type: 'model_call',
  callId: 'c1',
  runId: null,
  method: 'POST',
  path: '/v1/responses',
  headers: { 'content-type': 'application/json' },
};
const question = Buffer.from(JSON.stringify({ model: 'm', input: 'hi' }));

type Held = ModelChannel & {
  isBehind: () => boolean;
  isTaken: boolean;
  readonly sent: { readonly part: object; readonly bytes: number }[];
  readonly waiting: (() => void)[];
};

/** A channel that writes down what the gateway sends; `isTaken` false holds all of it back. */
function heldChannel() {
  const sent: Held['sent'] = [];
  const waiting: Held['waiting'] = [];
  const channel: Held = {
    isTaken: true,
    isBehind: () => false,
    waitingBytes: () => 0,
    sent,
    waiting,
    send: (part: object, bytes?: Uint8Array) => void sent.push({ part, bytes: bytes?.length ?? 0 }),
    onceTaken: (callback: () => void) =>
      channel.isTaken ? callback() : void waiting.push(callback),
  };
  return channel;
}

const lineOf = (channel: ModelChannel) => ({
  channel,
  unread: { set: () => true, refused: () => undefined },
});

/** Takes frames of one broker by hand, as a worker of an attacker's would send them. */
async function rawLine(upstream: Parameters<typeof startUpstream>[0]) {
  const started = await startUpstream(upstream);
  const kit = await startBroker([remote(started.baseUrl)]);
  const answered = Promise.withResolvers<number | undefined>();
  const take = kit.access.answerOver({
    send: ({ status }) => answered.resolve(status),
    isBehind: () => false,
    waitingBytes: () => 0,
    onceTaken: (callback) => callback(),
  });
  return { ...kit, upstream: started, take, status: answered.promise };
}

const answering = (_request: unknown, response: ServerResponse) =>
  void response.setHeader('content-type', 'application/json').end('{"object":"response"}');

describe('a call over the channel', () => {
  test('reaches the upstream under the names that headers have, and with the real key alone', async () => {
    const { take, status, upstream } = await rawLine(answering);
    const headers = {
      'Content-Type': 'application/json',
      Authorization: 'Bearer sk-mine',
      'X-Dropgate-Run': 'run_other',
      Host: 'example.com',
      'Transfer-Encoding': 'chunked',
      'Content-Length': '1',
    };
    take({ ...call, headers }, question);
    expect(await status).toBe(200);
    const seen = upstream.requests[0]!;
    expect(seen.rawHeaders.filter((name) => /^(authorization|host)$/i.test(name))).toHaveLength(2);
    expect(seen.headers).toMatchObject({
      authorization: 'Bearer sk-real',
      host: new URL(upstream.baseUrl).host,
      'content-length': String(question.length),
    });
    expect(seen.headers).not.toHaveProperty('x-dropgate-run');
  });

  test.each<[string, Partial<Call>]>([
    ['a line end in its path', { path: '/v1/models?a=\r\nx: y', method: 'GET' }],
    ['a blank in its path', { path: '/v1/models?a= b', method: 'GET' }],
    ['a path of another server', { path: 'http://example.com/v1/models', method: 'GET' }],
    ['a line end in a header', { headers: { ...call.headers, a: 'b\r\nc: d' } }],
    ['a header without a name', { headers: { ...call.headers, '': 'b' } }],
    ['a blank in the name of a header', { headers: { ...call.headers, 'a b': 'c' } }],
    [
      'more headers than a connection takes',
      { headers: { ...call.headers, a: 'x'.repeat(17_000) } },
    ],
  ])('with %s is refused', async (_what, changes) => {
    const { take, status, upstream } = await rawLine(answering);
    take({ ...call, ...changes }, question);
    expect(await status).toBe(400);
    expect(upstream.requests).toHaveLength(0);
  });

  test.each<[string, Partial<Call>, number]>([
    ['for a run that is not live', { runId: 'run_gone' }, 403],
    ['to a path that is not on the list', { path: '/v1/organization/users' }, 404],
    ['to a path that climbs out', { path: '/v1/files/../../admin', method: 'GET' }, 404],
    ['that is no JSON', { headers: { 'content-type': 'text/plain' } }, 400],
    ['that is compressed', { headers: { ...call.headers, 'content-encoding': 'gzip' } }, 400],
  ])('%s is refused', async (_what, changes, expected) => {
    const { take, status, upstream } = await rawLine(answering);
    take({ ...call, ...changes }, question);
    expect(await status).toBe(expected);
    expect(upstream.requests).toHaveLength(0);
  });

  test.each([
    ['a streamed chat', '/v1/chat/completions', '"model":"alias","stream":true,"messages":'],
    ['an aliased response', '/v1/responses', '"model":"alias","input":'],
    [
      'a tool',
      '/v1/responses',
      '"model":"m","tools":[{"type":"web_search"},{"type":"mcp"}],"input":',
    ],
  ])(
    'with %s that is nested too deeply is refused, or goes on as it is',
    async (_what, path, fields) => {
      const deep = `{${fields}${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
      const started = await startUpstream(answering);
      const kit = await startBroker([
        remote(started.baseUrl, { modelAliases: { alias: 'm' } }),
        remote(started.baseUrl, { name: 'chat', api: 'chat_completions' }),
      ]);
      const answered = Promise.withResolvers<number | undefined>();
      const take = kit.access.answerOver({
        ...heldChannel(),
        send: ({ status }) => answered.resolve(status),
      });
      take({ ...call, path }, Buffer.from(deep));
      expect([200, 400]).toContain(await answered.promise);
    },
  );

  test('under the id of a live one takes its place, and what is said of unknown ones is passed over', async () => {
    const { take, called } = await rawLine((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    take({ type: 'model_ack', callId: 'c9', taken: 1 }, null);
    take({ type: 'model_abort', callId: 'c9' }, null);
    take(call, question);
    take(call, question);
    expect(await called(1)).toMatchObject([{ outcome: 'aborted' }]);
    take({ type: 'model_abort', callId: 'c1' }, null);
    expect(await called(2)).toMatchObject([{ outcome: 'aborted' }, { outcome: 'aborted' }]);
  });

  test('holds room for its body, which is given back', async () => {
    const { take, broker, access } = await rawLine((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const body = Buffer.concat([question, Buffer.alloc(8 * KIB * KIB - question.length, 32)]);
    for (let index = 0; index < 8; index += 1) take({ ...call, callId: `held_${index}` }, body);
    const refused = Promise.withResolvers<number | undefined>();
    const takeMore = access.answerOver({
      send: ({ status }) => refused.resolve(status),
      isBehind: () => false,
      waitingBytes: () => 0,
      onceTaken: () => {},
    });
    takeMore(call, body);
    expect(await refused.promise).toBe(503);
    for (let index = 0; index < 8; index += 1)
      take({ type: 'model_abort', callId: `held_${index}` }, null);
    await broker.close();
  });

  test('is refused where its worker has a thousand others open', async () => {
    const statuses = new Map<string, number | undefined>();
    const { access } = await startBroker([demo]);
    const take = access.answerOver({
      send: ({ callId, status }) => void statuses.set(callId, status),
      isBehind: () => false,
      waitingBytes: () => 0,
      onceTaken: () => {},
    });
    for (let index = 0; index <= 1000; index += 1) take({ ...call, callId: `c${index}` }, question);
    while (statuses.size <= 1000) await new Promise(setImmediate);
    expect([...statuses.values()].filter((status) => status === 503)).toHaveLength(1);
    expect(statuses.get('c1000')).toBe(503);
  });

  test('answered by the demo model comes whole in one frame', async () => {
    const { access } = await startBroker([demo]);
    const held = heldChannel();
    const take = access.answerOver(held);
    take(call, question);
    while (held.sent.length === 0) await new Promise(setImmediate);
    expect(held.sent).toEqual([
      {
        part: expect.objectContaining({ callId: 'c1', status: 200, end: true }),
        bytes: expect.any(Number),
      },
    ]);
  });
});

describe('an answer over the channel', () => {
  test('goes out as one frame with its head and its end, where all comes at once', async () => {
    const channel = heldChannel();
    const closed: string[] = [];
    const sink = new FrameSink('c1', lineOf(channel), () => void closed.push('closed'));
    sink.head(200, { a: 'b' });
    sink.write(Buffer.from('one'));
    sink.end(Buffer.from('two'));
    await Promise.resolve();
    expect(channel.sent).toEqual([
      {
        part: { type: 'model_data', callId: 'c1', status: 200, headers: { a: 'b' }, end: true },
        bytes: 6,
      },
    ]);
    expect(closed).toEqual(['closed']);
    sink.write(Buffer.from('late'));
    sink.cut();
    await Promise.resolve();
    expect(channel.sent).toHaveLength(1);
  });

  test('waits for a worker that takes nothing, and is cut into frames of what it may have in advance', async () => {
    const channel = heldChannel();
    const sink = new FrameSink('c1', lineOf(channel), () => {});
    let resumed = 0;
    const taken: string[] = [];
    sink.head(200, {});
    for (let index = 0; index < 40; index += 1) taken.push(sink.write(Buffer.alloc(256 * KIB)));
    sink.onceDrained(() => {
      resumed += 1;
    });
    await Promise.resolve();
    expect(taken).toEqual(['taken', ...Array(39).fill('behind')]);
    expect(channel.sent.map(({ bytes }) => bytes)).toEqual(Array(40).fill(256 * KIB));
    sink.taken(9800 * KIB);
    expect(resumed).toBe(0);
    sink.taken(256 * KIB);
    expect(resumed).toBe(1);
  });

  test('does not go on for what a worker says it took before it can have it', async () => {
    const channel = heldChannel();
    const sink = new FrameSink('c1', lineOf(channel), () => {});
    let resumed = 0;
    sink.head(200, {});
    channel.isTaken = false;
    for (let index = 0; index < 3; index += 1) {
      sink.write(Buffer.alloc(128 * KIB));
      sink.taken(1024 * KIB);
    }
    sink.onceDrained(() => {
      resumed += 1;
    });
    expect(sink.write(Buffer.alloc(1))).toBe('behind');
    expect(resumed).toBe(0);
    for (const callback of channel.waiting) callback();
    expect(resumed).toBe(1);
  });

  test('waits while the channel has more to send than its worker reads', async () => {
    const channel = heldChannel();
    const sink = new FrameSink('c1', lineOf(channel), () => {});
    let resumed = 0;
    sink.head(200, {});
    channel.isBehind = () => true;
    channel.isTaken = false;
    expect(sink.write(Buffer.alloc(1))).toBe('behind');
    sink.onceDrained(() => {
      resumed += 1;
    });
    expect(resumed).toBe(0);
    for (const callback of channel.waiting) callback();
    expect(resumed).toBe(1);
  });

  test('ends for a worker that leaves: nothing more is sent', async () => {
    const channel = heldChannel();
    const sink = new FrameSink('c1', lineOf(channel), () => {});
    sink.head(200, {});
    sink.write(Buffer.from('one'));
    sink.leave();
    sink.end();
    await Promise.resolve();
    expect(channel.sent).toEqual([]);
    expect(sink.hasBegun()).toBe(true);
  });
});
