import * as agentsSdk from '@openai/agents';
import { APIError, APIUserAbortError, OpenAI } from 'openai';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lineOverHttp } from '../../../test/support/line-over-http.ts';
import { startUpstream, type Turn } from '../../../test/support/scripted-upstream.ts';
import { type RunScope, runScope } from '../run/run-scope.ts';
import { createBrokerFetch } from './broker-fetch.ts';
import { useDirectClient } from './direct-client.ts';

const question = { model: 'test', input: 'Hi' };

/** The SDK's own client in a worker, with an upstream that answers in turn, and a count of what it gave to `fetch`. */
async function startClient(...turns: readonly Turn[]) {
  const upstream = await startUpstream(...turns);
  const { baseUrl: brokerBaseUrl } = upstream;
  const line = lineOverHttp(brokerBaseUrl);
  const brokerFetch = createBrokerFetch({ brokerBaseUrl, original: fetch, line });
  const seen: string[] = [];
  const counted: typeof fetch = (input, init) => {
    seen.push(String(input).slice(brokerBaseUrl.length));
    return brokerFetch(input, init);
  };
  const { fetch: original } = globalThis;
  const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
  globalThis.fetch = counted;
  Object.assign(process.env, { OPENAI_BASE_URL: brokerBaseUrl, OPENAI_API_KEY: 'worker-token' });
  onTestFinished(() => {
    globalThis.fetch = original;
    agentsSdk.setDefaultOpenAIClient(undefined as never);
    for (const [name, value] of Object.entries({ OPENAI_BASE_URL, OPENAI_API_KEY })) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  const sdk = { ...agentsSdk } as Record<string, unknown>;
  await useDirectClient(sdk, { line, brokerBaseUrl, fetch: counted });
  const client = defaultClient() as OpenAI;
  return { ...upstream, client, seen, sdk, deps: { line, brokerBaseUrl, fetch: counted } };
}

function defaultClient(): unknown {
  const { getDefaultOpenAIClient } = agentsSdk as unknown as {
    getDefaultOpenAIClient: () => unknown;
  };
  return getDefaultOpenAIClient();
}

describe('the SDK’s own client', () => {
  test('is a real one that asks models past its fetch, for the current run', async () => {
    const { client, seen, calls } = await startClient({ text: ['Hello'] }, { text: ['a', 'b'] });
    expect(client).toBeInstanceOf(OpenAI);
    const asked = { runId: 'run_4' } as RunScope;
    const answer = await runScope.run(asked, () => client.responses.create(question));
    expect(answer.output_text).toBe('Hello');
    expect(Object.keys(answer)).not.toContain('_request_id');
    const { data, response } = await client.responses
      .create({ ...question, stream: true })
      .withResponse();
    const types: string[] = [];
    for await (const event of data) types.push(event.type);
    expect(types.at(-1)).toBe('response.completed');
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(seen).toEqual([]);
    expect(calls[0]?.headers).toMatchObject({
      'x-dropgate-run': 'run_4',
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^OpenAI\/JS /),
    });
    expect(calls[0]?.headers.authorization).toBeUndefined();
  });

  test('takes its usual way with any option that changes how it asks', async () => {
    const { client, seen } = await startClient({ text: ['one'] });
    const ways = [{ timeout: 5000 }, { idempotencyKey: 'k' }, { query: { a: 'b' } }];
    for (const way of ways) await client.responses.create(question, way);
    await client.responses.create(question, { headers: new Headers({ a: 'b' }) });
    expect(seen).toEqual(['/responses', '/responses', '/responses?a=b', '/responses']);
    await client.responses.create(question, { headers: { a: 'b' }, maxRetries: 1 });
    expect(seen).toHaveLength(4);
    client.baseURL = client.baseURL.replace('127.0.0.1', 'localhost');
    await client.responses.create(question).catch(() => undefined);
    expect(seen).toHaveLength(5);
  });

  test('asks again as the client does where an answer allows it', async () => {
    const { client, seen, calls } = await startClient(
      {
        answer: {
          status: 503,
          body: '{}',
          headers: { 'x-should-retry': 'true', 'retry-after-ms': '1' },
        },
      },
      { text: ['Hello'] },
    );
    expect((await client.responses.create(question)).output_text).toBe('Hello');
    expect(calls).toHaveLength(2);
    // What came of the first request is given to the client's own way, which sends the second.
    expect(seen).toEqual(['/responses', '/responses']);
  });

  test('tells errors in a stream as the client does', async () => {
    const broken = (body: string): Turn => ({
      answer: { status: 200, body, headers: { 'content-type': 'text/event-stream' } },
    });
    const { client } = await startClient(
      broken('data: {"type":"a"}\n\nevent: error\ndata: {"message":"Overloaded"}\n\n'),
      broken('data: {"error":{"message":"No","code":"c"}}\n\n'),
      broken('data: {"type":\n\n'),
    );
    Object.assign(client, { logLevel: 'off' });
    const failures: unknown[] = [];
    for (let call = 0; call < 3; call += 1) {
      const stream = await client.responses.create({ ...question, stream: true });
      const reading = (async () => {
        for await (const event of stream) void event;
      })();
      await reading.catch((error: unknown) => failures.push(error));
      expect(stream.controller.signal.aborted).toBe(true);
    }
    expect(failures[0]).toBeInstanceOf(APIError);
    expect(failures[1]).toBeInstanceOf(APIError);
    expect(failures[1]).toMatchObject({ code: 'c' });
    expect(failures[2]).toBeInstanceOf(SyntaxError);
  });

  test('is read once, and an abort ends its stream quietly', async () => {
    const { client, calls } = await startClient({ text: ['one', 'two'], ending: 'hang' });
    const stream = await client.responses.create({ ...question, stream: true });
    let events = 0;
    for await (const _event of stream) {
      events += 1;
      if (events === 2) stream.controller.abort();
    }
    expect(events).toBe(2);
    await calls[0]?.aborted;
    const again = async () => {
      for await (const event of stream) void event;
    };
    await expect(again()).rejects.toThrow('consumed stream');
    const aborted = client.responses.create(question, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toBeInstanceOf(APIUserAbortError);
    expect(calls).toHaveLength(1);
  });

  test('does not stand in the way of what the author chose', async () => {
    const { sdk, deps, client } = await startClient({ text: ['one'] });
    const own = new OpenAI({ apiKey: 'k', baseURL: 'http://127.0.0.1:1/v1' });
    agentsSdk.setDefaultOpenAIClient(own);
    await useDirectClient(sdk, deps);
    expect(defaultClient()).toBe(own);
    agentsSdk.setDefaultOpenAIClient(undefined as never);
    const patched = { ...deps, fetch: async () => new Response() };
    await useDirectClient(sdk, patched);
    expect(defaultClient()).toBeUndefined();
    // A copy whose providers prefer the default client to what their author gave them.
    class OpenAIProvider {
      getModel = async () => ({ _client: defaultClient() ?? client });
    }
    await useDirectClient({ ...sdk, OpenAIProvider }, deps);
    expect(defaultClient()).toBeUndefined();
  });
});
