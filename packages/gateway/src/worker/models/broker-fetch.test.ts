import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  APIConnectionError,
  APIConnectionTimeoutError,
  APIUserAbortError,
  BadRequestError,
  OpenAI,
  RateLimitError,
  toFile,
} from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lineOverHttp } from '../../../test/support/line-over-http.ts';
import { startUpstream } from '../../../test/support/scripted-upstream.ts';
import { type RunScope, runScope } from '../run/run-scope.ts';
import { createBrokerFetch, installBrokerFetch } from './broker-fetch.ts';
import { useDirectClient } from './direct-client.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A broker that does what the test says; tells when a connection goes before its answer is complete. */
async function startBroker(handle: Handler): Promise<{ baseUrl: string; gone: Promise<void> }> {
  const gone = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    response.on('close', () => response.writableFinished || gone.resolve());
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { baseUrl: `http://127.0.0.1:${port}/v1`, gone: gone.promise };
}

const noOriginal: typeof fetch = () => Promise.reject(new Error('the original fetch was used'));

function brokerFetchTo(baseUrl: string, original = noOriginal): typeof fetch {
  return createBrokerFetch({ brokerBaseUrl: baseUrl, original, line: lineOverHttp(baseUrl) });
}

/** A client of a worker: one that a module makes, or the SDK's own, whose model calls go straight to the channel. */
async function clientBy(
  way: 'fetch' | 'the channel',
  baseURL: string,
  options: { maxRetries?: number; timeout?: number } = {},
): Promise<OpenAI> {
  const line = lineOverHttp(baseURL);
  const fetch = createBrokerFetch({ brokerBaseUrl: baseURL, original: noOriginal, line });
  const make = () => new OpenAI({ baseURL, apiKey: 'k', maxRetries: 0, fetch, ...options });
  const client = make();
  if (way === 'fetch') return client;
  let isDefault = false;
  class OpenAIProvider {
    readonly #client: OpenAI;
    constructor({ apiKey }: { apiKey?: string }) {
      this.#client = apiKey === undefined ? client : make();
    }
    getModel = async () => ({ _client: this.#client });
  }
  const sdk = {
    OpenAIProvider,
    getDefaultOpenAIClient: () => (isDefault ? client : undefined),
    setDefaultOpenAIClient: (set: unknown) => {
      isDefault = set === client;
    },
  };
  await useDirectClient(sdk, { line, brokerBaseUrl: baseURL, fetch });
  expect(isDefault).toBe(true);
  return client;
}

const chat = { model: 'test', messages: [{ role: 'user', content: 'Hi' }] } as const;

describe.each(['fetch', 'the channel'] as const)('the openai client by way of %s', (way) => {
  const clientOf = (baseURL: string, options?: { maxRetries?: number; timeout?: number }) =>
    clientBy(way, baseURL, options);

  test('does not take a success without choices for an empty answer', async () => {
    const { baseUrl } = await startBroker((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"hello":"you"}');
    });
    const client = await clientOf(baseUrl);
    await expect(
      client.chat.completions.create({ ...chat, messages: [...chat.messages] }),
    ).rejects.toThrow('no "choices"');
    expect(await client.get('/other')).toEqual({ hello: 'you' });
  });

  test('gets a whole answer with its request id', async () => {
    const { baseUrl } = await startUpstream({ text: ['Hello'] });
    const answer = await (await clientOf(baseUrl)).chat.completions.create({
      ...chat,
      messages: [...chat.messages],
    });
    expect(answer.choices[0]?.message.content).toBe('Hello');
  });

  test('streams, with characters split across chunks', async () => {
    const event = `data: {"choices":[{"index":0,"delta":{"content":"é€😀"}}]}\n\ndata: [DONE]\n\n`;
    const bytes = Buffer.from(event);
    const { baseUrl } = await startBroker(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) {
        response.write(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      response.end();
    });
    const stream = await (await clientOf(baseUrl)).chat.completions.create({
      model: 'test',
      messages: [...chat.messages],
      stream: true,
    });
    const deltas: unknown[] = [];
    for await (const part of stream) deltas.push(part.choices[0]?.delta.content);
    expect(deltas).toEqual(['é€😀']);
  });

  test('raises the classes of error statuses with body and headers', async () => {
    const error = {
      message: 'Too long',
      type: 'invalid_request_error',
      code: 'context_length_exceeded',
    };
    const { baseUrl } = await startUpstream(
      { answer: { status: 400, body: JSON.stringify({ error }) } },
      { answer: { status: 429, body: '{"error":{}}', headers: { 'retry-after': '7' } } },
      { answer: { status: 500, body: 'not json' } },
    );
    const client = await clientOf(baseUrl);
    const failures: unknown[] = [];
    for (let call = 0; call < 3; call++) {
      await client.models.list().catch((failure: unknown) => failures.push(failure));
    }
    const [tooLong, limited, broken] = failures as [BadRequestError, RateLimitError, Error];
    expect(tooLong).toBeInstanceOf(BadRequestError);
    expect(tooLong).toMatchObject({ status: 400, code: 'context_length_exceeded' });
    expect(limited).toBeInstanceOf(RateLimitError);
    expect(limited.headers.get('retry-after')).toBe('7');
    expect(broken).toMatchObject({ status: 500 });
  });

  test('retries what the client retries, freeing each connection', async () => {
    let requests = 0;
    const { baseUrl } = await startBroker((_request, response) => {
      requests += 1;
      response.writeHead(requests < 3 ? 503 : 200, {
        'content-type': 'application/json',
        'retry-after-ms': '1',
      });
      response.end(requests < 3 ? '{"error":{"message":"busy"}}' : '{"data":[]}');
    });
    await (await clientOf(baseUrl, { maxRetries: 2 })).models.list();
    expect(requests).toBe(3);
  });

  test('does not retry where the answer forbids it', async () => {
    const { baseUrl, calls } = await startUpstream({
      answer: { status: 500, body: '{}', headers: { 'x-should-retry': 'false' } },
    });
    await expect((await clientOf(baseUrl, { maxRetries: 2 })).models.list()).rejects.toMatchObject({
      status: 500,
    });
    expect(calls).toHaveLength(1);
  });

  test('closes the connection at once when a call is aborted before its headers', async () => {
    const controller = new AbortController();
    const { baseUrl, gone } = await startBroker(() => controller.abort());
    const call = (await clientOf(baseUrl)).models.list({ signal: controller.signal });
    await expect(call).rejects.toBeInstanceOf(APIUserAbortError);
    await gone;
  });

  test.each(['abort', 'break'])('closes the connection at once on %s mid-stream', async (how) => {
    const { baseUrl, calls } = await startUpstream({ text: ['one', 'two'], ending: 'hang' });
    const stream = await (await clientOf(baseUrl)).chat.completions.create({
      model: 'test',
      messages: [...chat.messages],
      stream: true,
    });
    for await (const part of stream) {
      if (part.choices[0]?.delta.content !== 'one') continue;
      if (how === 'break') break;
      stream.controller.abort();
    }
    await calls[0]?.aborted;
  });

  test('keeps the deadline of the client', async () => {
    const { baseUrl, calls } = await startUpstream({ ending: 'hang' });
    const call = (await clientOf(baseUrl, { timeout: 20 })).chat.completions.create({
      model: 'test',
      messages: [...chat.messages],
    });
    await expect(call).rejects.toBeInstanceOf(APIConnectionTimeoutError);
    await calls[0]?.aborted;
  });

  test('reports a broker that is gone and a stream that is cut', async () => {
    const refused = (await clientOf('http://127.0.0.1:1/v1')).models.list();
    await expect(refused).rejects.toBeInstanceOf(APIConnectionError);
    const { baseUrl } = await startUpstream({ text: ['one'], ending: 'break' });
    const stream = await (await clientOf(baseUrl)).chat.completions.create({
      model: 'test',
      messages: [...chat.messages],
      stream: true,
    });
    const reading = (async () => {
      for await (const part of stream) void part;
    })();
    await expect(reading).rejects.toThrow('terminated');
  });

  test('uploads files through the original fetch, with the run id', async () => {
    let seen = { runId: '', body: '' };
    const { baseUrl } = await startBroker(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      seen = {
        runId: String(request.headers['x-dropgate-run']),
        body: Buffer.concat(chunks).toString(),
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"file_1"}');
    });
    const client = new OpenAI({
      baseURL: baseUrl,
      apiKey: 'k',
      fetch: brokerFetchTo(baseUrl, fetch),
    });
    const file = await toFile(Buffer.from('hello'), 'a.txt');
    const created = await runScope.run({ runId: 'run_9' } as RunScope, () =>
      client.files.create({ file, purpose: 'assistants' }),
    );
    expect(created.id).toBe('file_1');
    expect(seen.runId).toBe('run_9');
    expect(seen.body).toContain('hello');
  });

  test('downloads bytes', async () => {
    const { baseUrl } = await startBroker((_request, response) => {
      response.end(Uint8Array.of(1, 2, 3));
    });
    const response = await (await clientOf(baseUrl)).files.content('file_1');
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3]);
  });
});

describe('the fetch to the broker', () => {
  test('sends the run id to the broker only', async () => {
    const headers: unknown[] = [];
    const handle: Handler = (request, response) => {
      headers.push(request.headers['x-dropgate-run']);
      response.end('{}');
    };
    const broker = await startBroker(handle);
    const other = await startBroker(handle);
    const fetchIt = brokerFetchTo(broker.baseUrl, fetch);
    await runScope.run({ runId: 'run_7' } as RunScope, async () => {
      await fetchIt(broker.baseUrl);
      await fetchIt(other.baseUrl);
    });
    await fetchIt(broker.baseUrl);
    expect(headers).toEqual(['run_7', undefined, undefined]);
  });

  test('knows the broker by its exact origin', async () => {
    const paths: unknown[] = [];
    const broker = await startBroker((request, response) => {
      paths.push(request.url);
      response.end('{}');
    });
    const origin = new URL(broker.baseUrl).origin;
    const others: string[] = [];
    const fetchIt = brokerFetchTo(broker.baseUrl, async (input) => {
      others.push(String(input));
      return new Response();
    });
    for (const url of ['', '?a=1', '/v1/models?limit=2#part']) await fetchIt(origin + url);
    for (const url of [`${origin}0/v1`, `${origin}.example.com/`]) await fetchIt(url);
    expect(paths).toEqual(['/', '/?a=1', '/v1/models?limit=2']);
    expect(others).toEqual([`${origin}0/v1`, `${origin}.example.com/`]);
  });

  test('gives all that a Response has', async () => {
    const { baseUrl } = await startBroker((_request, response) => {
      response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] });
      response.end('{"a":1}');
    });
    const fetchIt = brokerFetchTo(baseUrl);
    const response = await fetchIt(new URL(baseUrl));
    expect(response).toBeInstanceOf(Response);
    expect(response.status).toBe(201);
    expect(response.ok).toBe(true);
    expect(response.url).toBe(baseUrl);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    const copy = response.clone();
    expect(await response.json()).toEqual({ a: 1 });
    expect(await copy.text()).toBe('{"a":1}');
    expect(await (await fetchIt(baseUrl)).blob()).toHaveProperty('size', 7);
    const [left, right] = (await fetchIt(baseUrl)).body?.tee() ?? [];
    expect(await new Response(left).text()).toBe(await new Response(right).text());
    const reader = (await fetchIt(baseUrl)).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('{"a":1}');
  });

  test('refuses a body that was read before, as fetch does', async () => {
    const { baseUrl } = await startBroker((_request, response) => response.end('once'));
    const response = await brokerFetchTo(baseUrl)(baseUrl);
    expect(response.bodyUsed).toBe(false);
    expect(await response.text()).toBe('once');
    expect(response.bodyUsed).toBe(true);
    await expect(response.text()).rejects.toThrow(TypeError);
  });

  test('unpacks what a server compressed unasked', async () => {
    const { baseUrl } = await startBroker((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(gzipSync('packed'));
    });
    expect(await (await brokerFetchTo(baseUrl)(baseUrl)).text()).toBe('packed');
  });

  test.each(['constructor', '__proto__', 'x-own'])(
    'leaves an answer as it is whose encoding is called %s',
    async (encoding) => {
      const { baseUrl } = await startBroker((_request, response) => {
        response.setHeader('content-encoding', encoding);
        response.end('as it is');
      });
      expect(await (await brokerFetchTo(baseUrl)(baseUrl)).text()).toBe('as it is');
    },
  );

  test('survives a body that breaks off while nobody reads it', async () => {
    const cut = Promise.withResolvers<void>();
    const { baseUrl } = await startBroker((_request, response) => {
      response.write('part');
      cut.promise.then(() => response.destroy());
    });
    const response = await brokerFetchTo(baseUrl)(baseUrl);
    cut.resolve();
    await new Promise(setImmediate);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  test('serves clients that find it as the global fetch', async () => {
    const { baseUrl, calls } = await startUpstream({ text: ['Hi'] });
    const original = globalThis.fetch;
    onTestFinished(() => {
      globalThis.fetch = original;
    });
    const line = lineOverHttp(baseUrl);
    installBrokerFetch({ brokerBaseUrl: baseUrl, token: 'token-of-the-worker', line });
    const client = new OpenAI({ baseURL: baseUrl, apiKey: 'k' });
    await runScope.run({ runId: 'run_3' } as RunScope, () =>
      client.responses.create({ model: 'test', input: 'Hi' }),
    );
    expect(calls[0]?.headers['x-dropgate-run']).toBe('run_3');
    expect(calls[0]?.headers.authorization).toBeUndefined();
  });
});
