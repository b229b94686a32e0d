import OpenAI, { APIError, APIUserAbortError } from 'openai';
import { describe, expect, test } from 'vitest';
import {
  type FakeGateway,
  fakeGateway,
  hello,
  secrets,
  someUsage,
} from '../../test/support/http-fakes.ts';
import { serve } from '../../test/support/http-server.ts';
import { GatewayError } from '../errors.ts';
import type { RunEvent } from '../protocol/run.ts';

const ask = {
  model: 'default/echo',
  messages: [{ role: 'user' as const, content: 'Hi' }],
};

const tool = { callId: 'c1', tool: 'get_weather', agent: 'A', provenance: 'native' } as const;

describe('OpenAI’s own client', () => {
  test('lists models and finds one', async () => {
    await using it = await client(fakeGateway());
    const models = await it.openai.models.list();
    expect(models.data.map(({ id }) => id)).toEqual(['default/echo']);
    expect(await it.openai.models.retrieve('default/echo')).toMatchObject({ object: 'model' });
    await expect(it.openai.models.retrieve('default/gone')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });

  test('gets a whole answer with usage and the request’s id', async () => {
    await using it = await client(fakeGateway());
    const completion = await it.openai.chat.completions.create(ask);
    expect(completion.choices[0]?.message.content).toBe('Hello');
    expect(completion.usage?.total_tokens).toBe(42);
    expect(completion._request_id).toMatch(/^req_/);
  });

  test('streams text and usage', async () => {
    await using it = await client(fakeGateway());
    const stream = await it.openai.chat.completions.create({
      ...ask,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('')).toBe('Hello');
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 42 } });
    expect(new Set(chunks.map(({ id }) => id))).toEqual(new Set(['chatcmpl-42']));
  });

  test.each(['off', 'reasoning', 'extension', 'openwebui'] as const)(
    'accumulates a stream in which the agent uses tools (%s)',
    async (toolEvents) => {
      const says: readonly RunEvent[] = [
        { type: 'tool_started', ...tool },
        { type: 'tool_ended', ...tool, outcome: 'ok', durationMs: 3 },
        { type: 'handed_off', fromAgent: 'A', toAgent: 'B' },
        ...hello,
      ];
      await using it = await client(
        fakeGateway({
          says: () => says,
          run: { presentation: { toolEvents, guardrailResponse: 'content_filter' } },
        }),
      );
      const final = await it.openai.chat.completions.stream(ask).finalChatCompletion();
      expect(final.choices[0]).toMatchObject({
        message: { role: 'assistant', content: 'Hello' },
        finish_reason: 'stop',
      });
      expect(final.choices[0]?.message.tool_calls).toBeUndefined();
    },
  );

  test('raises what fails in the middle of a stream', async () => {
    await using it = await client(
      fakeGateway({
        says: () => [
          { type: 'text', delta: 'Hal' },
          { type: 'failed', code: 'tool_failed', message: 'A tool failed.', usage: someUsage },
        ],
      }),
    );
    const stream = await it.openai.chat.completions.create({ ...ask, stream: true });
    const error = await Array.fromAsync(stream).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ code: 'tool_error', message: 'A tool failed.' });
  });

  test('does not run a failed agent again', async () => {
    const gateway = fakeGateway({
      says: () => [{ type: 'failed', code: 'run_failed', message: 'It failed.', usage: someUsage }],
    });
    await using it = await client(gateway);
    await expect(it.openai.chat.completions.create(ask)).rejects.toMatchObject({
      status: 500,
      code: 'agent_error',
      type: 'server_error',
    });
    expect(gateway.inputs).toHaveLength(1);
  });

  test('does not run an agent again whose tool has run before the upstream failed', async () => {
    const gateway = fakeGateway({
      says: () => [
        { type: 'tool_started', ...tool },
        { type: 'failed', code: 'upstream_failed', message: 'Gone.', usage: someUsage },
      ],
    });
    await using it = await client(gateway);
    await expect(it.openai.chat.completions.create(ask)).rejects.toMatchObject({ status: 502 });
    expect(gateway.inputs).toHaveLength(1);
  });

  test('gets through a gateway that is busy at first', async () => {
    const fake = fakeGateway();
    let attempts = 0;
    const startRun: typeof fake.startRun = (caller, input) => {
      attempts += 1;
      if (attempts > 1) return fake.startRun(caller, input);
      throw new GatewayError('overloaded', 'Try again.', { retryAfterSeconds: 0 });
    };
    await using it = await client({ ...fake, startRun });
    const completion = await it.openai.chat.completions.create(ask);
    expect([completion.choices[0]?.message.content, attempts]).toEqual(['Hello', 2]);
  });

  test.each([
    ['a wrong key', { apiKey: 'dg_wrong' }, ask, 401, 'invalid_api_key'],
    ['a second choice', {}, { ...ask, n: 2 }, 400, 'unsupported_value'],
    ['a body of the wrong type', {}, { ...ask, temperature: 'x' }, 400, 'invalid_type'],
  ])('raises %s as what it is', async (_title, options, body, status, code) => {
    await using it = await client(fakeGateway(), options);
    const error = await it.openai.chat.completions
      .create(body as typeof ask)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status, code, requestID: expect.stringMatching(/^req_/) });
  });

  test('cancels the run when it aborts', async () => {
    const gateway = fakeGateway({
      async *says(signal) {
        yield { type: 'text', delta: 'Hel' };
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        yield { type: 'failed', code: 'run_cancelled', message: 'Cancelled.', usage: someUsage };
      },
    });
    await using it = await client(gateway);
    const stream = it.openai.chat.completions.stream(ask);
    stream.on('content', () => stream.abort());
    await expect(stream.done()).rejects.toBeInstanceOf(APIUserAbortError);
    expect(await gateway.firstCancel).toBe('the caller left');
  });
});

async function client(gateway: FakeGateway, options: object = {}) {
  const server = await serve(gateway);
  const openai = new OpenAI({
    baseURL: `${server.url}/v1`,
    apiKey: secrets.caller,
    ...options,
  });
  return { openai, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}
