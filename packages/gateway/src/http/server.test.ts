import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { patienceMs } from '../../test/support/hang-limit.ts';
import { asCaller, chunksOf, fakeGateway, hello } from '../../test/support/http-fakes.ts';
import { chat, postChunked, readUntil, sendRaw, serve } from '../../test/support/http-server.ts';
import { createServer } from './server.ts';

const often = { interval: 5 };

describe('bodies', () => {
  const settings = { bodyLimitBytes: 1024 * 1024 };

  test('over the limit are refused with 413, and the connection stays usable', async () => {
    const gateway = fakeGateway({ settings });
    await using server = await serve(gateway);
    const response = await chat(server.url, {}, { body: ' '.repeat(3 * 1024 * 1024) });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({
      error: {
        message: 'The body is larger than the limit of 1 MiB.',
        type: 'invalid_request_error',
        param: null,
        code: 'request_too_large',
      },
    });
    expect((await chat(server.url)).status).toBe(200);
    expect(gateway.inputs).toHaveLength(1);
  });

  test('over the limit are refused when they do not say how long they are', async () => {
    await using server = await serve(fakeGateway({ settings }));
    const [status, body] = await postChunked(server.url, 3 * 1024 * 1024);
    expect([status, JSON.parse(body).error.code]).toEqual([413, 'request_too_large']);
  });

  test('up to the limit are taken', async () => {
    await using server = await serve(fakeGateway({ settings }));
    const messages = [{ role: 'user', content: 'x'.repeat(1024 * 1024 - 200) }];
    expect((await chat(server.url, { messages })).status).toBe(200);
  });

  test('of nobody in particular are not read', async () => {
    await using server = await serve(fakeGateway({ settings }));
    const response = await chat(
      server.url,
      {},
      {
        headers: { 'content-type': 'application/json' },
        body: ' '.repeat(3 * 1024 * 1024),
      },
    );
    expect(response.status).toBe(401);
  });
});

test.each([
  'Host: a.test\r\nHost: b.test',
  'host: a.test\r\nHOST: a.test',
  'Host: a.test\r\nX-Other: 1\r\nHost:',
])('refuses two Host headers, whatever they say: %j', async (hosts) => {
  const gateway = fakeGateway();
  await using server = await serve(gateway);
  const head = `GET /v1/models HTTP/1.1\r\n${hosts}\r\n`;
  const key = `Authorization: ${asCaller.authorization}\r\nConnection: close\r\n\r\n`;
  const answer = await sendRaw(server.url, head + key);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1]!).error).toEqual({
    message: 'The request has two Host headers. Send one.',
    type: 'invalid_request_error',
    param: null,
    code: null,
  });
});

test('answers what is no HTTP with the envelope and closes', async () => {
  await using server = await serve(fakeGateway());
  const answer = await sendRaw(server.url, 'HELLO THERE\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1]!).error).toEqual({
    message: 'This is not a valid HTTP request.',
    type: 'invalid_request_error',
    param: null,
    code: null,
  });
});

test('gives an answer to no HTTP an id too', async () => {
  await using server = await serve(fakeGateway());
  expect(await sendRaw(server.url, 'HELLO\r\n\r\n')).toMatch(
    /\r\nx-request-id: req_[0-9a-f]{24}\r\n/,
  );
});

test('says that its address is taken', async () => {
  await using server = await serve(fakeGateway());
  const second = createServer(fakeGateway());
  const { hostname: host, port } = new URL(server.url);
  await expect(second.listen({ host, port: Number(port) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
  await second.drain(0);
});

test('answers endless headers without a key with an error and closes', async () => {
  await using server = await serve(fakeGateway());
  const answer = await sendRaw(
    server.url,
    `GET /v1/models HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(40_000)}\r\n\r\n`,
  );
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});

test('takes no other path from the Host header', async () => {
  await using server = await serve(fakeGateway());
  const answer = await sendRaw(
    server.url,
    'GET /admin/agents HTTP/1.1\r\nhost: x/healthz?\r\nconnection: close\r\n\r\n',
  );
  expect(answer).toMatch(/^HTTP\/1\.1 401 /);
});

describe('drain', () => {
  test('lets streams and whole answers end by themselves', async () => {
    const go = Promise.withResolvers<void>();
    const gateway = fakeGateway({
      async *says() {
        await go.promise;
        yield* hello;
      },
    });
    await using server = await serve(gateway);
    const stream = await chat(server.url, { stream: true });
    const whole = chat(server.url);
    await expect.poll(() => gateway.inputs.length, often).toBe(2);
    const drained = server.drain(60_000);
    await expect.poll(() => refuses(server.url), often).toBe(true);
    go.resolve();
    expect(await stream.text()).toMatch(/data: \[DONE\]\n\n$/);
    expect((await whole).status).toBe(200);
    await (await whole).text();
    await drained;
    expect(gateway.cancelled).toEqual([]);
  });

  test('ends what is left at the deadline, and says so', async () => {
    const gateway = fakeGateway({
      async *says(signal) {
        yield { type: 'text', delta: 'Hal' };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield* hello;
      },
    });
    await using server = await serve(gateway);
    const stream = await chat(server.url, { stream: true });
    const whole = chat(server.url);
    await expect.poll(() => gateway.inputs.length, often).toBe(2);
    const drained = server.drain(0);
    const events = await stream.text();
    expect(chunksOf(events).at(-1)).toMatchObject({ error: { code: 'overloaded' } });
    expect(events).toMatch(/data: \[DONE\]\n\n$/);
    const response = await whole;
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    await response.text();
    await drained;
    const stopping = expect.objectContaining({ code: 'overloaded' });
    expect(gateway.cancelled).toEqual([stopping, stopping]);
  });

  test('cuts off a caller that does not read', async () => {
    let told = 0;
    const gateway = fakeGateway({
      *says(signal) {
        // More than sockets hold, so that it is stuck once it is told.
        const delta = 'x'.repeat(32 << 20);
        while (!signal.aborted) {
          told += 1;
          yield { type: 'text', delta };
        }
        yield* hello;
      },
    });
    await using server = await serve(gateway);
    const stuck = await chat(server.url, { stream: true });
    await expect.poll(() => told, often).toBe(1);
    await server.drain(0);
    await expect(stuck.text()).rejects.toThrow();
  });

  test('does not wait for connections over which nobody ever asked', async () => {
    await using server = await serve(fakeGateway());
    const { hostname, port } = new URL(server.url);
    const silent = connect(Number(port), hostname);
    await once(silent, 'connect');
    // An answer proves that the server has taken the connection before it.
    await (await fetch(`${server.url}/healthz`)).text();
    const ended = once(silent, 'close');
    await server.drain(patienceMs * 2);
    await ended;
  });

  test('does not wait for idle connections', async () => {
    await using server = await serve(fakeGateway());
    const agent = new Agent({ keepAlive: true });
    const { promise, resolve } = Promise.withResolvers<string>();
    get(`${server.url}/v1/models`, { agent, headers: asCaller }, (response) =>
      resolve(text(response)),
    );
    await promise;
    await server.drain(60_000);
    agent.destroy();
  });
});

test('a stream reader gets its bytes while another stream is open', async () => {
  const gateway = fakeGateway({
    async *says(signal) {
      yield { type: 'text', delta: 'Hal' };
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield* hello;
    },
  });
  await using server = await serve(gateway);
  const [first, second] = await Promise.all([
    chat(server.url, { stream: true }),
    chat(server.url, { stream: true }),
  ]);
  await readUntil(first.body!.getReader(), '"Hal"');
  await readUntil(second.body!.getReader(), '"Hal"');
});

async function refuses(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`, { headers: { connection: 'close' } }).then(
    () => false,
    () => true,
  );
}
