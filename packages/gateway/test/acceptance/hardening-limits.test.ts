import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { asCaller, type FakeGateway, fakeGateway, secrets } from '../support/http-fakes.ts';
import { chat, sendRaw, serve } from '../support/http-server.ts';

const authorization = `authorization: Bearer ${secrets.caller}\r\n`;
const body = '{"model":"default/echo","messages":[{"role":"user","content":"Hi"}]}';

describe('the head of a request', () => {
  test.each([
    ['one header of 20 kB', `x-long: ${'a'.repeat(20_000)}\r\n`],
    [
      'a thousand headers',
      Array.from({ length: 1000 }, (_, at) => `x-${at}: some text\r\n`).join(''),
    ],
    ['a path of 20 kB', ''],
  ])('is refused with %s, and nothing is asked', async (what, headers) => {
    const gateway = fakeGateway();
    await using server = await serve(gateway);
    const path = what.includes('path') ? `/v1/models/${'a'.repeat(20_000)}` : '/v1/models';
    const answer = await sendRaw(
      server.url,
      `GET ${path} HTTP/1.1\r\nhost: x\r\n${authorization}${headers}\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('"type":"invalid_request_error"');
    expect(gateway.events).toEqual([]);
  });

  test('says once who calls: of two keys none is taken', async () => {
    const gateway = fakeGateway();
    await using server = await serve(gateway);
    const twice = `${authorization}authorization: Bearer ${secrets.admin}\r\n`;
    const answer = await sendRaw(
      server.url,
      `GET /admin/agents HTTP/1.1\r\nhost: x\r\n${twice}connection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('The request has two Authorization headers. Send one.');
  });
});

describe('a body', () => {
  test.each(['gzip', 'deflate', 'br', 'GZIP, gzip'])(
    'that is compressed (%s) is refused',
    async (encoding) => {
      const gateway = fakeGateway();
      await using server = await serve(gateway);
      const response = await fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { ...asCaller, 'content-type': 'application/json', 'content-encoding': encoding },
        body: gzipSync(body),
      });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('must not be compressed');
      expect(gateway.inputs).toEqual([]);
    },
  );

  test('with two lengths, or a length and chunks, is no request at all', async () => {
    const gateway = fakeGateway();
    await using server = await serve(gateway);
    for (const headers of [
      `content-length: ${body.length}\r\ncontent-length: 2\r\n`,
      `content-length: 4\r\ntransfer-encoding: chunked\r\n`,
      'transfer-encoding: gzip\r\n',
      'transfer-encoding: chunked, identity\r\n',
    ]) {
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${authorization}`;
      const smuggled = `GET /admin/agents HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secrets.admin}\r\n\r\n`;
      const answer = await sendRaw(server.url, `${head}${headers}\r\n0\r\n\r\n${smuggled}`);
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
    }
    expect(gateway.events.filter(({ type }) => type === 'access_decided')).toEqual([]);
  });
});

describe('large bodies', () => {
  test('are held eight at a time, six of one key; one more is told to come back, and small ones pass', async () => {
    const bodyLimitBytes = 400_000;
    const gateway = fakeGateway({ settings: { bodyLimitBytes } });
    await using server = await serve(gateway);
    const { port } = new URL(server.url);
    const large = body.replace('Hi', 'x'.repeat(bodyLimitBytes - 1000));
    const headOf = (secret: string) =>
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${secret}\r\ncontent-type: application/json\r\nconnection: close\r\n`;
    const open = async (secret: string) => {
      const socket = connect(Number(port), '127.0.0.1');
      const answer = text(socket);
      await new Promise((resolve) => {
        socket.write(`${headOf(secret)}content-length: ${large.length}\r\n\r\n{`, resolve);
      });
      return { answer, finish: () => socket.end(large.slice(1)) };
    };
    const refuses = (secret: string) =>
      expect
        .poll(() => sendRaw(server.url, `${headOf(secret)}content-length: ${large.length}\r\n\r\n`))
        .toMatch(/^HTTP\/1\.1 503 [\s\S]*retry-after: \d+[\s\S]*"code":"overloaded"/);
    const openMany = async (length: number, secret: string) => {
      const opened = await Promise.all(Array.from({ length }, () => open(secret)));
      // What was sent before this call has been heard when it is answered.
      await chat(server.url);
      return opened;
    };
    const held = await openMany(6, secrets.caller);
    await refuses(secrets.caller);
    held.push(...(await openMany(2, secrets.operator)));
    await refuses(secrets.operator);
    const endless = `${headOf(secrets.caller)}transfer-encoding: chunked\r\n\r\n5000\r\n${' '.repeat(0x5000)}\r\n`;
    expect(await sendRaw(server.url, endless).catch(() => '')).toMatch(/^$|^HTTP\/1\.1 503 /);
    expect((await chat(server.url)).status).toBe(200);

    for (const one of held) one.finish();
    for (const one of held) expect(await one.answer).toMatch(/^HTTP\/1\.1 200 /);
    const last = await open(secrets.caller);
    last.finish();
    expect(await last.answer).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a slow sender', () => {
  const limits = { headersTimeoutMs: 1000, requestTimeoutMs: 1500 };

  test.each([
    ['headers', `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nx-`],
    [
      'a body',
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${authorization}content-type: application/json\r\ncontent-length: 500\r\n\r\n{`,
    ],
  ])('of %s is told so and cut off, while others are served', async (_what, beginning) => {
    const gateway = fakeGateway({ settings: limits });
    await using server = await serve(gateway);
    const { port } = new URL(server.url);
    const slow = connect(Number(port), '127.0.0.1');
    let answer = '';
    slow.setEncoding('utf8').on('data', (part: string) => {
      answer += part;
    });
    // What is still sent when it is cut off resets the connection, after the answer.
    slow.on('error', () => {});
    const closed = new Promise<void>((resolve) => slow.once('close', () => resolve()));
    slow.write(beginning);
    const trickle = setInterval(() => slow.writable && slow.write('a'), 20);
    // The limits are short for all: on a busy machine one that is not slow may be held up as well, and asks again.
    await expect.poll(() => chat(server.url).then(({ status }) => status, String)).toBe(200);
    await closed;
    clearInterval(trickle);
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
  });
});

describe('requests one after the other on a connection', () => {
  test('are each held to their own key', async () => {
    const gateway = fakeGateway();
    await using server = await serve(gateway);
    const get = (path: string, key: string | null, more = '') =>
      `GET ${path} HTTP/1.1\r\nhost: x\r\n${key ? `authorization: Bearer ${key}\r\n` : ''}${more}\r\n`;
    const answer = await sendRaw(
      server.url,
      [
        get('/admin/agents', secrets.admin),
        get('/admin/agents', null),
        get('/admin/agents', secrets.caller),
        get('/v1/models', secrets.caller),
        get('/v1/models', 'dg_unknown', 'connection: close\r\n'),
      ].join(''),
    );
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual([
      'HTTP/1.1 200',
      'HTTP/1.1 401',
      'HTTP/1.1 403',
      'HTTP/1.1 200',
      'HTTP/1.1 401',
    ]);
    expect(keysOf(gateway)).toEqual(['key_admin', null, 'key_caller', 'key_caller', null]);
  });

  test('by the thousand at once are all answered, in order', async () => {
    const gateway = fakeGateway();
    await using server = await serve(gateway);
    const count = 1000;
    const one = `GET /v1/models/%d HTTP/1.1\r\nhost: x\r\n${authorization}`;
    const requests = Array.from({ length: count }, (_, at) => {
      const last = at === count - 1 ? 'connection: close\r\n' : '';
      return `${one.replace('%d', `m${at}`)}${last}\r\n`;
    });
    const answer = await sendRaw(server.url, requests.join(''));
    const named = answer.match(/The model 'm(\d+)'/g) ?? [];
    expect(named).toEqual(requests.map((_, at) => `The model 'm${at}'`));
  });
});

function keysOf({ events }: FakeGateway): (string | null)[] {
  return events.flatMap((event) => (event.type === 'request_ended' ? [event.keyId] : []));
}
