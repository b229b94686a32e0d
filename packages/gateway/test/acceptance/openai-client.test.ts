import { existsSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

/** Chunks carry what OpenAI's types do not know: a line about tools in `reasoning_content`. */
type Delta = { readonly content?: string | null; readonly reasoning_content?: string };

let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  gateway = await startGateway({ agents: ['Echo', 'Slow', 'Thrower', 'Weather'] });
  client = gateway.client();
});
afterAll(() => gateway?.stop());

const ask = (model: string, content: string) => ({
  model,
  messages: [{ role: 'user' as const, content }],
});

describe('models', () => {
  test('are listed with everything OpenAI promises of them', async () => {
    const models = await Array.fromAsync(client.models.list());
    expect(models.map((model) => model.id).toSorted()).toEqual([
      'default/echo',
      'default/slow',
      'default/thrower',
      'default/weather',
    ]);
    expect(models[0]).toMatchObject({ object: 'model', owned_by: expect.any(String) });
    expect(models[0]?.created).toBeGreaterThan(1_700_000_000);
  });

  test('are told one by one, by an id with a slash', async () => {
    expect(await client.models.retrieve('default/echo')).toMatchObject({
      id: 'default/echo',
      object: 'model',
    });
  });
});

describe('a whole answer', () => {
  test('has the text, a reason to end, and the id that was asked for', async () => {
    const answer = await client.chat.completions.create(ask('default/echo', 'Hello there'));
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'default/echo',
      choices: [
        { index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' },
      ],
    });
    expect(answer.id).toMatch(/^chatcmpl-/);
    expect(answer._request_id).toEqual(expect.any(String));
  });

  test('comes for the bare name too, while it is unambiguous', async () => {
    const answer = await client.chat.completions.create(ask('echo', 'Hi'));
    expect(answer.choices[0]?.message.content).toBe('Hi');
  });

  test('holds what the tool said and never shows the tool as a call of the caller’s', async () => {
    const answer = await client.chat.completions.create(
      ask('default/weather', 'What is the weather in Paris?'),
    );
    expect(answer.choices[0]?.message.content).toContain('Sunny, 21 degrees in Paris.');
    expect(answer.choices[0]?.message.tool_calls ?? []).toEqual([]);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
  });

  test('sums its tokens', async () => {
    const { usage } = await client.chat.completions.create(
      ask('default/weather', 'What is the weather in Paris?'),
    );
    expect(usage?.prompt_tokens).toBeGreaterThan(0);
    expect(usage?.completion_tokens).toBeGreaterThan(0);
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0));
  });
});

describe('a streamed answer', () => {
  const weather = ask('default/weather', 'What is the weather in Paris?');

  test('begins with the role, ends with one reason, then tells the tokens', async () => {
    const stream = await client.chat.completions.create({
      ...weather,
      stream: true,
      stream_options: { include_usage: true },
    });
    const chunks = await Array.fromAsync(stream);
    expect(chunks[0]?.choices[0]?.delta).toMatchObject({ role: 'assistant', content: '' });
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    const reasons = chunks.flatMap((chunk) => chunk.choices[0]?.finish_reason ?? []);
    expect(reasons).toEqual(['stop']);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { total_tokens: expect.any(Number) },
    });
    expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test('tells no tokens where they were not asked for', async () => {
    const stream = await client.chat.completions.create({ ...weather, stream: true });
    const chunks = await Array.fromAsync(stream);
    expect(chunks.every((chunk) => chunk.choices.length === 1)).toBe(true);
  });

  test('joins to the same text and tokens as the whole answer', async () => {
    const whole = await client.chat.completions.create(weather);
    const joined = await client.chat.completions
      .stream({ ...weather, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect(joined.choices[0]?.message.content).toBe(whole.choices[0]?.message.content);
    expect(joined.usage).toEqual(whole.usage);
  });

  test('shows a tool at work as reasoning, beside the text', async () => {
    const stream = await client.chat.completions.create({ ...weather, stream: true });
    const deltas = (await Array.fromAsync(stream)).map(
      (chunk) => (chunk.choices[0]?.delta ?? {}) as Delta,
    );
    const reasoning = deltas.map((delta) => delta.reasoning_content ?? '').join('');
    const text = deltas.map((delta) => delta.content ?? '').join('');
    expect(reasoning).toContain('get_weather');
    expect(text).toContain('Sunny, 21 degrees in Paris.');
    expect(text).not.toContain('get_weather(');
  });

  test('comes in pieces', async () => {
    const stream = await client.chat.completions.create({
      ...ask('default/echo', 'one two three'),
      stream: true,
    });
    const chunks = await Array.fromAsync(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toBe('one two three');
  });
});

describe('errors', () => {
  /** What the client threw; fails where it did not. */
  const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => expect.unreachable('The call was expected to fail.'),
      (thrown: unknown) => thrown,
    );

  test('an unknown model is 404', async () => {
    const error = await errorOf(client.chat.completions.create(ask('default/gone', 'Hi')));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ code: 'model_not_found', param: 'model' });
  });

  test('an unknown model is 404 before a stream begins', async () => {
    const body = { ...ask('default/gone', 'Hi'), stream: true as const };
    const error = await errorOf(client.chat.completions.create(body));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
  });

  test('a wrong key is 401', async () => {
    const stranger = gateway.client({ apiKey: 'dg_wrong' });
    const error = await errorOf(stranger.chat.completions.create(ask('default/echo', 'Hi')));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    expect(error).toMatchObject({ code: 'invalid_api_key' });
  });

  test('a request without messages is 400 and names the field', async () => {
    const error = await errorOf(
      client.chat.completions.create({ model: 'default/echo', messages: [] }),
    );
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ param: 'messages' });
  });

  test('an agent that throws is 500, and what it threw stays in the log', async () => {
    const error = await errorOf(client.chat.completions.create(ask('default/thrower', 'Hi')));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ code: 'agent_error' });
    expect(String((error as Error).message)).not.toContain('hunter2');
    const line = await until('the log line', () =>
      gateway
        .logs()
        .split('\n')
        .find((one) => one.includes('hunter2')),
    );
    expect(line).toContain('default/thrower');
  });

  test('an agent that throws in a stream is raised by the client', async () => {
    const stream = await client.chat.completions.create({
      ...ask('default/thrower', 'Hi'),
      stream: true,
    });
    const error = await errorOf(Array.fromAsync(stream));
    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).toMatchObject({ code: 'agent_error' });
  });
});

test('a caller that aborts stops the agent', async () => {
  const abort = new AbortController();
  const stream = await client.chat.completions.create(
    { ...ask('default/slow', 'Go'), stream: true },
    { signal: abort.signal },
  );
  for await (const chunk of stream) {
    if (chunk.choices[0]?.delta.content === 'Wait') abort.abort();
  }
  const stopped = join(gateway.project.root, 'stopped.txt');
  expect(await until('the agent to be told', () => existsSync(stopped))).toBe(true);
});
