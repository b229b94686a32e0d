import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import OpenAI, { toFile } from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  remote,
  startBroker,
  startBrokerOver,
  startUpstream,
  ways,
} from '../../../test/support/broker-kit.ts';

const question = JSON.stringify({ model: 'gpt-5', input: 'hi' });
const MIB = 1024 * 1024;
const answer = JSON.stringify({ object: 'response', usage: { input_tokens: 3, output_tokens: 2 } });

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const origin = {
  requestId: 'req_2',
  trace: { traceparent, hasSpans: false },
  modulePath: 'src/agents/Tester/agent.ts',
  generation: 4,
};

async function answering(start = startBroker) {
  const upstream = await startUpstream((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(answer);
  });
  return { upstream, ...(await start([remote(upstream.baseUrl)])) };
}

describe.each(ways)('calls over %s', (way) => {
  const startBroker = startBrokerOver(way);
  const answered = () => answering(startBroker);

  describe('who may call', () => {
    test('a revoked token is no token', async () => {
      const { send, access } = await answered();
      expect((await send('/responses', { body: question })).status).toBe(200);
      access.revoke();
      expect((await send('/responses', { body: question })).status).toBe(401);
    });

    test('the upstream sees the real key and nothing of the worker', async () => {
      const { send, access, upstream } = await answered();
      access.startRun('run_1', 'key_1');
      const headers = {
        'openai-project': 'p',
        'x-stainless-lang': 'js',
        cookie: 'a=b',
        range: 'bytes=0-1',
        forwarded: 'for=1.2.3.4',
        'x-real-ip': '1.2.3.4',
        'x-http-method-override': 'DELETE',
        'x-method-override': 'DELETE',
        'x-original-url': '/v1/organization',
        'x-rewrite-url': '/v1/organization',
      };
      await send('/responses?x=1', { body: question, run: 'run_1', headers });
      const seen = upstream.requests[0]!;
      expect(seen.url).toBe('/v1/responses?x=1');
      expect(seen.headers).toMatchObject({
        authorization: 'Bearer sk-real',
        'openai-project': 'p',
      });
      expect(
        Object.keys(seen.headers).filter((name) =>
          /dropgate|stainless|cookie|accept-enc|range|forwarded|real-ip|override|-url/.test(name),
        ),
      ).toEqual([]);
    });

    test('an upstream without a key gets no authorization', async () => {
      const upstream = await startUpstream((_request, response) => response.end('{}'));
      const { send } = await startBroker([remote(upstream.baseUrl, { apiKey: null })]);
      await send('/responses', { body: question });
      expect(upstream.requests[0]!.headers.authorization).toBeUndefined();
    });
  });

  describe('whose call it is', () => {
    test('a call is booked on the run it names', async () => {
      const { send, access, called } = await answered();
      access.startRun('run_1', 'key_1');
      access.startRun('run_2', 'key_2', origin);
      await send('/responses', { body: question, run: 'run_2' });
      expect(await called(1)).toEqual([
        {
          type: 'model_called',
          user: null,
          costNanoUsd: null,
          agentId: 'default/tester',
          runId: 'run_2',
          keyId: 'key_2',
          requestId: 'req_2',
          modulePath: 'src/agents/Tester/agent.ts',
          generation: 4,
          spanId: null,
          upstream: 'openai',
          path: '/v1/responses',
          model: 'gpt-5',
          status: 200,
          outcome: 'ok',
          attempts: 1,
          durationMs: expect.any(Number),
          firstByteMs: expect.any(Number),
          usage: {
            requests: 1,
            inputTokens: 3,
            outputTokens: 2,
            cachedInputTokens: 0,
            reasoningTokens: 0,
          },
          error: null,
          code: null,
          body: Buffer.from(question),
          answer: null,
        },
      ]);
    });

    test('its upstream is told of the request and the trace, unless the agent says others', async () => {
      const { send, access, upstream } = await answered();
      access.startRun('run_2', 'key_2', origin);
      await send('/responses', { body: question, run: 'run_2' });
      const headers = { traceparent: 'own', 'x-client-request-id': 'mine' };
      await send('/responses', { body: question, run: 'run_2', headers });
      expect(upstream.requests.map(({ headers }) => headers)).toMatchObject([
        { 'x-client-request-id': 'req_2', traceparent },
        headers,
      ]);
    });

    test('its upstream is told of the span of the call, where spans are made', async () => {
      const { send, access, upstream, called } = await answered();
      access.startRun('run_2', 'key_2', { ...origin, trace: { traceparent, hasSpans: true } });
      await send('/responses', { body: question, run: 'run_2' });
      await send('/responses', { body: question, run: 'run_2' });
      const spans = (await called(2)).map(({ spanId }) => spanId ?? '');
      for (const spanId of spans) expect(spanId).toMatch(/^[\da-f]{16}$/);
      expect(new Set([...spans, 'b7ad6b7169203331']).size).toBe(3);
      expect(upstream.requests.map(({ headers }) => headers.traceparent)).toEqual(
        spans.map((spanId) => `00-0af7651916cd43dd8448eb211c80319c-${spanId}-01`),
      );
    });

    test('a run costs what its calls cost, and nothing more is told of it once it has ended', async () => {
      const { send, access, called } = await answered();
      access.startRun('run_1', 'key_1');
      access.startRun('run_2', 'key_1');
      expect(access.usageOf('run_1')).toMatchObject({ requests: 0, inputTokens: 0 });
      await send('/responses', { body: question, run: 'run_1' });
      await send('/responses', { body: question, run: 'run_1' });
      await called(2);
      expect(access.usageOf('run_1')).toEqual({
        requests: 2,
        inputTokens: 6,
        outputTokens: 4,
        cachedInputTokens: 0,
        reasoningTokens: 0,
      });
      expect(access.usageOf('run_2')).toMatchObject({ requests: 0, inputTokens: 0 });
      access.endRun('run_1');
      expect(access.usageOf('run_1')).toBeNull();
    });

    test('a call that names none is the sole live run’s, else the worker’s', async () => {
      const { send, access, called } = await answered();
      await send('/responses', { body: question });
      access.startRun('run_1', 'key_1');
      await send('/responses', { body: question });
      access.startRun('run_2', 'key_2');
      await send('/responses', { body: question });
      const calls = await called(3);
      expect(calls.map(({ runId, keyId }) => [runId, keyId])).toEqual([
        [null, null],
        ['run_1', 'key_1'],
        [null, null],
      ]);
    });

    test('a run that has ended, or belongs to another token, is refused', async () => {
      const { broker, send, access, upstream } = await answered();
      broker.grant('default/other').startRun('run_other', 'key_1');
      access.startRun('run_1', 'key_1');
      access.endRun('run_1');
      for (const run of ['run_1', 'run_other']) {
        const response = await send('/responses', { body: question, run });
        expect(response.status).toBe(403);
        expect(response.headers.get('x-should-retry')).toBe('false');
      }
      expect(upstream.requests).toHaveLength(0);
    });
  });

  describe('where a call goes', () => {
    test('an agent has the upstream it names', async () => {
      const named = await startUpstream((_request, response) => response.end('{}'));
      const usual = await startUpstream((_request, response) => response.end('{}'));
      const { send, access } = await startBroker([
        remote(usual.baseUrl),
        remote(named.baseUrl, { name: 'local', modelAliases: { 'gpt-*': 'llama' } }),
      ]);
      access.setUpstream('local');
      await send('/responses', { body: question });
      expect([usual.requests.length, named.requests.length]).toEqual([0, 1]);
    });

    test('an upstream that does not exist fails the call and says which do', async () => {
      const { send, access } = await answered();
      access.setUpstream('gone');
      const response = await send('/responses', { body: question });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(
        '\\"gone\\", which is not configured: choose one of openai.',
      );
    });

    test('a body goes through byte by byte, and renamed only where an alias applies', async () => {
      const bodies: string[] = [];
      const upstream = await startUpstream(async (request, response) => {
        bodies.push(Buffer.concat(await Array.fromAsync(request)).toString());
        response.end('{}');
      });
      const modelAliases = { 'gpt-*': 'llama' };
      const { send, called } = await startBroker([remote(upstream.baseUrl, { modelAliases })]);
      const odd = '{ "model":"other",\n "seed": 12345678901234567890 , "input":"ü"}';
      await send('/responses', { body: odd });
      await send('/responses', { body: question });
      expect(bodies).toEqual([odd, '{"model":"llama","input":"hi"}']);
      expect((await called(2))[1]!.model).toBe('gpt-5');
    });

    test('paths that are not on the list do not leave the broker', async () => {
      const { send, upstream } = await answered();
      expect((await send('/organization/users', { method: 'GET' })).status).toBe(404);
      expect((await send('/responses', { method: 'GET' })).status).toBe(405);
      expect(upstream.requests).toHaveLength(0);
    });
  });
});

describe('who may call over connections', () => {
  test.each([
    ['no token', undefined],
    ['another token', `Bearer dgw_${'a'.repeat(43)}`],
    ['the real key', 'Bearer sk-real'],
    ['a bare scheme', 'Bearer'],
  ])('a call with %s is refused before it reaches the upstream', async (_, authorization) => {
    const { access, upstream } = await answering();
    const response = await fetch(`${access.baseUrl}/responses`, {
      method: 'POST',
      body: question,
      headers: authorization ? { authorization } : {},
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_api_key' } });
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('over connections', () => {
  test('a path that climbs out of the base is refused', async () => {
    const { access, upstream } = await answering();
    const status = await new Promise((resolve) => {
      const { port } = new URL(access.baseUrl);
      const headers = { authorization: `Bearer ${access.token}` };
      httpRequest({ port, host: '127.0.0.1', path: '/v1/files/../../admin', headers }, (response) =>
        resolve(response.resume().statusCode),
      ).end();
    });
    expect(status).toBe(404);
    expect(upstream.requests).toHaveLength(0);
  });

  test('an upload streams through with its length', async () => {
    const bodies: string[] = [];
    const upstream = await startUpstream(async (request, response) => {
      bodies.push(Buffer.concat(await Array.fromAsync(request)).toString());
      response.setHeader('content-type', 'application/json');
      response.end('{"id":"file-1","object":"file"}');
    });
    const { access } = await startBroker([remote(upstream.baseUrl)]);
    const openai = new OpenAI({ apiKey: access.token, baseURL: access.baseUrl });
    const file = await openai.files.create({
      file: await toFile(Buffer.from('column,row\n1,2'), 'table.csv'),
      purpose: 'assistants',
    });
    expect(file.id).toBe('file-1');
    expect(bodies[0]).toContain('column,row\n1,2');
    expect(bodies[0]).toContain('filename="table.csv"');
  });

  test('an upload to an upstream that is down is answered', async () => {
    const { send } = await startBroker([remote('http://127.0.0.1:1/v1')]);
    const form = new FormData();
    form.set('file', new Blob(['x'.repeat(100_000)]), 'a.txt');
    const response = await send('/files', { body: form });
    expect(response.status).toBe(503);
  });

  test('a call over 64 MiB is refused', async () => {
    const { access, upstream } = await answering();
    const { port } = new URL(access.baseUrl);
    const status = await new Promise((resolve, reject) => {
      const call = httpRequest({
        port,
        host: '127.0.0.1',
        path: '/v1/responses',
        method: 'POST',
        headers: {
          authorization: `Bearer ${access.token}`,
          'content-type': 'application/json',
          'content-length': 64 * 1024 * 1024 + 1,
        },
      });
      call.on('response', (response) => resolve(response.resume().statusCode));
      call.on('error', reject);
      call.write('{');
      onTestFinished(() => void call.destroy());
    });
    expect(status).toBe(413);
    expect(upstream.requests).toHaveLength(0);
  });

  /** A call that says it is 64 MiB long and sends so many bytes, and no more until the test ends. */
  function begin(
    access: { token: string; baseUrl: string },
    bytes: number,
    length: { 'content-length'?: number } = { 'content-length': 64 * MIB },
  ) {
    const { port } = new URL(access.baseUrl);
    const call = httpRequest({
      port,
      host: '127.0.0.1',
      path: '/v1/responses',
      method: 'POST',
      headers: {
        authorization: `Bearer ${access.token}`,
        'content-type': 'application/json',
        ...length,
      },
    });
    const answered = once(call, 'response') as Promise<[IncomingMessage]>;
    answered.catch(() => {});
    call.on('error', () => {});
    const sent = new Promise<void>((done) => call.write(Buffer.alloc(bytes, 32), () => done()));
    onTestFinished(() => void call.destroy());
    return { call, answered, sent };
  }

  test('a worker holds no more than 64 MiB of unfinished calls, and others are served meanwhile', async () => {
    const { access, broker, send, upstream } = await answering();
    const calls = Array.from({ length: 2 }, () => begin(access, 33 * MIB));
    const [refused] = await Promise.race(calls.map(({ answered }) => answered));
    expect(refused.statusCode).toBe(503);
    expect(refused.headers).toMatchObject({ 'x-should-retry': 'true', 'retry-after': '1' });
    expect(await text(refused)).toContain('unfinished model calls of 64 MiB together');
    const { token } = broker.grant('default/other');
    expect((await send('/responses', { body: question, token })).status).toBe(200);
    expect(upstream.requests).toHaveLength(1);
    for (const { call } of calls) call.destroy();
    // What they held is given back when the broker sees their connections closed.
    let status = 503;
    while (status === 503) ({ status } = await send('/responses', { body: ' '.repeat(32 * MIB) }));
    expect(status).toBe(200);
  });

  test('calls that say they are long, and send next to nothing, keep no room from anybody', async () => {
    const { broker, send, access } = await answering();
    const workers = Array.from({ length: 6 }, (_, index) => broker.grant(`default/w${index}`));
    const calls = [...workers, access].map((worker) => begin(worker, 1));
    await Promise.all(calls.map(({ sent }) => sent));
    expect((await send('/responses', { body: question })).status).toBe(200);
    expect((await send('/responses', { body: ' '.repeat(8 * MIB) })).status).toBe(200);
  });

  test('a body that does not say how long it is counts as it comes', async () => {
    const { access } = await answering();
    const calls = Array.from({ length: 2 }, () => begin(access, 33 * MIB, {}));
    const [refused] = await Promise.race(calls.map(({ answered }) => answered));
    expect(refused.statusCode).toBe(503);
  });
});
