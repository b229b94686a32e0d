import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { remote, startBrokerOver, startUpstream, ways } from '../../../test/support/broker-kit.ts';

describe.each(ways)('calls over %s', (way) => {
  const startBroker = startBrokerOver(way);

  const question = JSON.stringify({ model: 'gpt-5', input: 'hi' });
  const delta =
    'data: {"choices":[{"delta":{"content":"a"},"finish_reason":null}],"usage":null}\n\n';
  const finish =
    'data: {"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":2}}\n\ndata: [DONE]\n\n';

  function json(response: ServerResponse, status: number, body: unknown, headers = {}) {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  }

  function stream(response: ServerResponse) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(delta);
  }

  /** Answers the first requests with these statuses, all later ones with 200. */
  const failing = (...statuses: number[]) =>
    startUpstream((_request, response, index) => {
      json(response, statuses[index] ?? 200, { error: { message: `no ${index}` }, ok: true });
    });

  describe('an upstream that fails', () => {
    test.each([401, 400, 404, 422])(
      'with %i is not asked again, and its words pass',
      async (status) => {
        const upstream = await failing(status);
        const { send, called } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
        const response = await send('/responses', { body: question });
        expect(response.status).toBe(status);
        expect(response.headers.get('x-should-retry')).toBe('false');
        expect(await response.json()).toMatchObject({ error: { message: 'no 0' } });
        expect(await called(1)).toMatchObject([
          { status, outcome: 'failed', attempts: 1, error: `HTTP ${status}: no 0` },
        ]);
        expect(upstream.requests).toHaveLength(1);
      },
    );

    test.each([408, 429, 500, 502, 503, 504])('with %i is asked again', async (status) => {
      const upstream = await failing(status);
      const { send, called } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
      expect((await send('/responses', { body: question })).status).toBe(200);
      expect(await called(1)).toMatchObject([{ status: 200, outcome: 'ok', attempts: 2 }]);
    });

    test('for good is asked max_retries times more, and the worker is told not to try again', async () => {
      const upstream = await failing(500, 500, 503, 500);
      const { send, called } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
      const response = await send('/responses', { body: question });
      expect(response.status).toBe(503);
      expect(response.headers.get('x-should-retry')).toBe('false');
      expect(await called(1)).toMatchObject([{ attempts: 3, error: 'HTTP 503: no 2' }]);
      expect(upstream.requests).toHaveLength(3);
    });

    test('has its retry-after honoured where it is short', async () => {
      const upstream = await startUpstream((_request, response, index) => {
        json(response, index === 0 ? 429 : 200, {}, { 'retry-after-ms': '400' });
      });
      const { send, called } = await startBroker([remote(upstream.baseUrl, { maxRetries: 1 })]);
      await send('/responses', { body: question });
      expect((await called(1))[0]!.durationMs).toBeGreaterThanOrEqual(395);
    });

    test('and wants a long pause has that told to the worker', async () => {
      const upstream = await startUpstream((_request, response) => {
        json(response, 429, {}, { 'retry-after': '30', 'x-ratelimit-remaining-tokens': '0' });
      });
      const { send } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
      const response = await send('/responses', { body: question });
      expect(response.status).toBe(429);
      expect(response.headers.get('retry-after')).toBe('30');
      expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('0');
      expect(upstream.requests).toHaveLength(1);
    });

    test('is not asked twice by the openai client', async () => {
      const upstream = await failing(500, 500, 500);
      const { access } = await startBroker([remote(upstream.baseUrl)]);
      const openai = new OpenAI({ apiKey: access.token, baseURL: access.baseUrl });
      const call = openai.responses.create({ model: 'gpt-5', input: 'hi' });
      await expect(call).rejects.toMatchObject({ status: 500 });
      expect(upstream.requests).toHaveLength(1);
    });

    test('to connect is tried again and then called unavailable', async () => {
      const { send, called } = await startBroker([
        remote('http://127.0.0.1:1/v1', { maxRetries: 1 }),
      ]);
      const response = await send('/responses', { body: question });
      expect(response.status).toBe(503);
      expect(await response.json()).toEqual({
        error: {
          message: 'The upstream "openai" cannot be reached.',
          type: 'server_error',
          param: null,
          code: 'upstream_error',
        },
      });
      expect(await called(1)).toMatchObject([
        {
          status: 0,
          attempts: 2,
          outcome: 'failed',
          error: expect.stringContaining('ECONNREFUSED'),
        },
      ]);
    });

    test('by closing a connection without an answer is asked again', async () => {
      const upstream = await startUpstream((request, response, index) => {
        if (index === 0) request.socket.destroy();
        else json(response, 200, {});
      });
      const { send } = await startBroker([remote(upstream.baseUrl, { maxRetries: 1 })]);
      expect((await send('/responses', { body: question })).status).toBe(200);
    });

    test('is not asked again with an upload, which streams through', async () => {
      const upstream = await failing(500, 500);
      const { send } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
      const form = new FormData();
      form.set('file', new Blob(['a']), 'a.txt');
      expect((await send('/files', { body: form })).status).toBe(500);
      expect(upstream.requests).toHaveLength(1);
    });
  });

  describe('a fallback', () => {
    async function withFallback(
      handle: Parameters<typeof startUpstream>[0],
      limits: { readonly timeoutMs?: number } = {},
    ) {
      const first = await startUpstream(handle);
      const second = await startUpstream((_request, response) => json(response, 200, { from: 2 }));
      const broker = await startBroker([
        remote(first.baseUrl, { fallback: 'spare', ...limits }),
        remote(second.baseUrl, { name: 'spare', apiKey: 'sk-spare', modelAliases: { '*': 'm2' } }),
      ]);
      return { first, second, ...broker };
    }

    test('answers in place of an upstream that fails, with its own key', async () => {
      const { send, second, called } = await withFallback((_q, response) =>
        json(response, 500, {}),
      );
      expect(await (await send('/responses', { body: question })).json()).toEqual({ from: 2 });
      expect(second.requests[0]!.headers.authorization).toBe('Bearer sk-spare');
      expect(await called(1)).toMatchObject([
        { upstream: 'spare', attempts: 2, status: 200, model: 'gpt-5', outcome: 'ok' },
      ]);
    });

    test('answers in place of an upstream that stalls or wants a long pause', async () => {
      const stalling = await withFallback(() => {}, { timeoutMs: 200 });
      expect((await stalling.send('/responses', { body: question })).status).toBe(200);
      const busy = await withFallback((_q, response) =>
        json(response, 429, {}, { 'retry-after': '60' }),
      );
      expect((await busy.send('/responses', { body: question })).status).toBe(200);
    });

    test('is not asked where the request itself is wrong', async () => {
      const { send, second } = await withFallback((_q, response) => json(response, 400, {}));
      expect((await send('/responses', { body: question })).status).toBe(400);
      expect(second.requests).toHaveLength(0);
    });

    test('is not asked once a stream has begun', async () => {
      const { send, second, called } = await withFallback((request, response) => {
        stream(response);
        setImmediate(() => request.socket.destroy());
      });
      const response = await send('/chat/completions', { body: question });
      await expect(response.text()).rejects.toThrow();
      expect(await called(1)).toMatchObject([{ outcome: 'failed', status: 200, attempts: 1 }]);
      expect(second.requests).toHaveLength(0);
    });

    test('is not asked about files, which it does not have', async () => {
      const { send, second } = await withFallback((_q, response) => json(response, 500, {}));
      expect((await send('/files/file-1', { method: 'GET' })).status).toBe(500);
      expect(second.requests).toHaveLength(0);
    });
  });

  describe('an upstream that stalls', () => {
    test('before its first byte is given up after timeout_ms', async () => {
      const upstream = await startUpstream(() => {});
      const { send, called } = await startBroker([
        remote(upstream.baseUrl, { timeoutMs: 150, maxRetries: 2 }),
      ]);
      const response = await send('/responses', { body: question });
      expect(response.status).toBe(504);
      expect(await response.json()).toMatchObject({
        error: { type: 'server_error', code: 'upstream_timeout' },
      });
      expect(await called(1)).toMatchObject([{ outcome: 'failed', attempts: 1 }]);
    });

    test('between headers and first byte is given up just the same', async () => {
      const upstream = await startUpstream((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      });
      const { send } = await startBroker([remote(upstream.baseUrl, { timeoutMs: 150 })]);
      expect((await send('/responses', { body: question })).status).toBe(504);
    });

    test('in mid-stream has its stream broken off, not ended', async () => {
      const upstream = await startUpstream((_request, response) => stream(response));
      const { send, called } = await startBroker([remote(upstream.baseUrl, { timeoutMs: 1500 })]);
      const response = await send('/chat/completions', { body: question });
      await expect(response.text()).rejects.toThrow();
      expect(await called(1)).toMatchObject([
        { outcome: 'failed', error: expect.stringContaining('UND_ERR_BODY_TIMEOUT') },
      ]);
    });

    test('a worker that reads slowly is not mistaken for one', async () => {
      const big = `${'x'.repeat(1 << 20)}`;
      const upstream = await startUpstream(async (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        for (let part = 0; part < 16; part++) response.write(big);
        response.end();
      });
      const { send } = await startBroker([remote(upstream.baseUrl, { timeoutMs: 1500 })]);
      const response = await send('/responses', { body: question });
      const reader = response.body!.getReader();
      let size = (await reader.read()).value!.length;
      // Twice the limit, and the upstream has had nothing to wait for meanwhile.
      await wait(3000);
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        size += part.value.length;
      }
      expect(size).toBe(16 << 20);
    });
  });

  describe('an upstream that answers oddly', () => {
    test('compressed, though not asked to, has its bytes passed on', async () => {
      const upstream = await startUpstream((_request, response) => {
        const headers = { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' };
        response.writeHead(200, headers).end(gzipSync(delta));
      });
      const { send } = await startBroker([remote(upstream.baseUrl)]);
      expect(await (await send('/chat/completions', { body: question })).text()).toBe(delta);
    });

    test.each([
      ['a page', 'text/html', '<html>Sign in</html>'],
      ['plain text', 'text/plain', 'It works!'],
    ])('with %s is no upstream', async (_, type, body) => {
      const upstream = await startUpstream((_request, response) => {
        response.writeHead(200, { 'content-type': type }).end(body);
      });
      const { send } = await startBroker([remote(upstream.baseUrl)]);
      const response = await send('/responses', { body: question });
      expect(response.status).toBe(502);
      expect(await response.text()).toContain('check its base_url');
    });

    test('with JSON where a stream was asked for is no upstream', async () => {
      const upstream = await startUpstream((_request, response) => json(response, 200, {}));
      const { send, called } = await startBroker([remote(upstream.baseUrl)]);
      const streamed = JSON.stringify({ model: 'gpt-5', input: 'hi', stream: true });
      const response = await send('/responses', { body: streamed });
      expect(response.status).toBe(502);
      expect(await response.text()).toContain('check its base_url');
      expect(await called(1)).toMatchObject([{ error: 'answered with application/json' }]);
      const quoted = JSON.stringify({ model: 'gpt-5', input: 'hi', metadata: { stream: true } });
      expect((await send('/responses', { body: quoted })).status).toBe(200);
    });

    test('with bytes that are no HTTP is no upstream', async () => {
      const upstream = await startUpstream((request) => request.socket.end('NONSENSE\r\n\r\n'));
      const { send } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
      expect((await send('/responses', { body: question })).status).toBe(502);
      expect(upstream.requests).toHaveLength(1);
    });

    test.each([
      ['chat completions', '/chat/completions', delta],
      ['responses', '/responses', 'event: response.created\ndata: {"response":{"error":null}}\n\n'],
    ])('with a stream of %s that lacks its end has it broken off', async (_, path, begun) => {
      const upstream = await startUpstream((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(begun);
      });
      const { send, called } = await startBroker([remote(upstream.baseUrl)]);
      const response = await send(path, { body: question });
      await expect(response.text()).rejects.toThrow();
      expect(await called(1)).toMatchObject([
        { outcome: 'failed', error: 'the stream ended early' },
      ]);
    });

    test.each([
      ['a finish reason', '/chat/completions', `${delta}${finish.split('data: [DONE]')[0]}`],
      ['an error', '/chat/completions', `${delta}data: {"error":{"message":"x"}}\n\n`],
      ['response.incomplete', '/responses', 'event: response.incomplete\ndata: {}\n\n'],
      ['an error event', '/responses', 'event: error\ndata: {"type":"error"}\n\n'],
    ])('a stream that ends with %s is whole', async (_, path, body) => {
      const upstream = await startUpstream((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        // In pieces, so that the mark of the end is cut.
        for (let at = 0; at < body.length; at += 7) response.write(body.slice(at, at + 7));
        response.end();
      });
      const { send } = await startBroker([remote(upstream.baseUrl)]);
      expect(await (await send(path, { body: question })).text()).toBe(body);
    });
  });
});
