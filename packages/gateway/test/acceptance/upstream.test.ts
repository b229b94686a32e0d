import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';
import { startUpstream, type TestUpstream } from './upstream.ts';

const realKey = 'sk-real-key-of-the-operator';

const apis = [
  { api: 'responses', path: '/v1/responses' },
  { api: 'chat_completions', path: '/v1/chat/completions' },
] as const;

describe.each(apis)('an upstream that speaks $api', ({ api, path }) => {
  let upstream: TestUpstream;
  let gateway: TestGateway;

  beforeAll(async () => {
    upstream = await startUpstream();
    answer(upstream);
    gateway = await startGateway({
      agents: ['Environment', 'Weather'],
      env: {
        OPENAI_API_KEY: realKey,
        OPENAI_BASE_URL: upstream.baseUrl,
        GATEWAY_UPSTREAM_API: api,
      },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.stop();
  });

  const ask = (model: string, content: string) => ({
    model,
    messages: [{ role: 'user' as const, content }],
  });

  test('is asked once for each turn, on its own path, for the agent’s own model', async () => {
    const reply = await gateway
      .client()
      .chat.completions.create(ask('default/weather', 'Weather in Paris, whole?'));
    expect(reply.choices[0]?.message.content).toBe('It is sunny in Paris.');
    const calls = upstream.callsAbout('Weather in Paris, whole?');
    expect(calls.map((call) => call.path)).toEqual([path, path]);
    expect(calls.map((call) => call.body.model)).toEqual(['gpt-5', 'gpt-5']);
    expect(JSON.stringify(calls[1]?.body)).toContain('Sunny, 21 degrees in Paris.');
  });

  test('is told of the request and the trace that it is asked in, as every line of the log is', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const sent = { 'x-request-id': `trace-${api}`, traceparent };
    const question = ask('default/weather', 'Weather in Paris, traced?');
    const { response } = await gateway
      .client()
      .chat.completions.create({ ...question, stream: true }, { headers: sent })
      .withResponse();
    expect(response.headers.get('x-request-id')).toBe(`trace-${api}`);
    await response.text();
    const calls = upstream.callsAbout('Weather in Paris, traced?');
    const told = { 'x-client-request-id': `trace-${api}`, traceparent };
    expect(calls.map(({ headers }) => headers)).toMatchObject([told, told]);
    const linesOf = () =>
      gateway
        .logs()
        .split('\n')
        .filter((line) => line.includes(`request_id=trace-${api}`));
    await until('the line of the request', () =>
      linesOf().some((line) => line.includes('POST /v1/chat/completions')),
    );
    const about = [
      'run_id=run_',
      'agent_id=default/weather',
      'module_path=src/agents/Weather/agent.ts',
      'generation=1',
      'key_id=key_',
    ];
    const lines = linesOf().filter((line) => !line.includes('access allow'));
    expect(lines.length).toBeGreaterThanOrEqual(3);
    for (const line of lines) for (const field of about) expect(line).toContain(field);
  });

  test('is asked once for each turn of a stream', async () => {
    const stream = await gateway.client().chat.completions.create({
      ...ask('default/weather', 'Weather in Paris, streamed?'),
      stream: true,
    });
    const chunks = await Array.fromAsync(stream);
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
    expect(text).toBe('It is sunny in Paris.');
    expect(upstream.callsAbout('Weather in Paris, streamed?').length).toBe(2);
  });

  test('sees the real key; the agent holds only its own token', async () => {
    const reply = await gateway
      .client()
      .chat.completions.create(ask('default/environment', 'Show the environment.'));
    expect(reply.choices[0]?.message.content).toBe('Done.');
    const calls = upstream.callsAbout('Show the environment.');
    expect(calls.map((call) => call.headers.authorization)).toEqual([
      `Bearer ${realKey}`,
      `Bearer ${realKey}`,
    ]);
    const environment = toolResult(calls[1]?.body);
    expect(environment.OPENAI_API_KEY).toEqual(expect.any(String));
    expect(JSON.stringify(environment)).not.toContain(realKey);
    expect(environment.OPENAI_BASE_URL).not.toContain(new URL(upstream.baseUrl).host);
    expect(JSON.stringify(upstream.calls.map((call) => call.headers))).not.toContain('x-dropgate');
  });

  test('is told that a caller left, while it still answers', async () => {
    const abort = new AbortController();
    const stream = await gateway
      .client()
      .chat.completions.create(
        { ...ask('default/weather', 'A slow story, please.'), stream: true },
        { signal: abort.signal },
      );
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) abort.abort();
    }
    const [call] = upstream.callsAbout('A slow story, please.');
    await call?.ended;
    // It would have gone on for half a minute; how soon it is told, the benchmark measures.
    expect(call?.outcome).toBe('aborted');
    expect(upstream.callsAbout('A slow story, please.').length).toBe(1);
  });

  test('is told that a caller left before the first word', async () => {
    const abort = new AbortController();
    const reply = gateway
      .client()
      .chat.completions.create(ask('default/weather', 'Think for long.'), { signal: abort.signal });
    const call = await until('the model call', () => upstream.callsAbout('Think for long.')[0]);
    abort.abort();
    await expect(reply).rejects.toThrow('aborted');
    await call.ended;
    expect(call.outcome).toBe('aborted');
    expect(upstream.callsAbout('Think for long.').length).toBe(1);
  });

  test('tells as many tokens as the caller is told and the gateway meters', async () => {
    const before = await usageOf(gateway, 'default/weather');
    const whole = await gateway
      .client()
      .chat.completions.create(ask('default/weather', 'Weather in Paris, metered?'));
    const streamed = await gateway
      .client()
      .chat.completions.stream({
        ...ask('default/weather', 'Weather in Paris, metered?'),
        stream_options: { include_usage: true },
      })
      .finalChatCompletion();
    const told = { prompt_tokens: 111 + 222, completion_tokens: 11 + 22, total_tokens: 366 };
    expect(whole.usage).toMatchObject(told);
    expect(streamed.usage).toMatchObject(told);
    const after = await usageOf(gateway, 'default/weather');
    expect({
      calls: after.model_calls - before.model_calls,
      inputTokens: after.input_tokens - before.input_tokens,
      outputTokens: after.output_tokens - before.output_tokens,
    }).toEqual({ calls: 4, inputTokens: 666, outputTokens: 66 });
  });
});

/** What the upstream says: two turns with a tool in between, slow ones, and the environment's tool. */
function answer({ mock }: TestUpstream): void {
  const firstTurn = {
    prompt_tokens: 111,
    completion_tokens: 11,
    input_tokens: 111,
    output_tokens: 11,
  };
  const secondTurn = {
    prompt_tokens: 222,
    completion_tokens: 22,
    input_tokens: 222,
    output_tokens: 22,
  };
  mock.on(
    { userMessage: 'Weather in Paris', hasToolResult: false },
    { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Paris"}' }], usage: firstTurn },
  );
  mock.on(
    { userMessage: 'Weather in Paris', hasToolResult: true },
    { content: 'It is sunny in Paris.', usage: secondTurn },
  );
  mock.on(
    { userMessage: 'Show the environment.', hasToolResult: false },
    { toolCalls: [{ name: 'list_environment', arguments: '{}' }] },
  );
  mock.on({ userMessage: 'Show the environment.', hasToolResult: true }, { content: 'Done.' });
  mock.onMessage(
    'A slow story, please.',
    { content: 'Once upon a time. '.repeat(200) },
    { latency: 50, chunkSize: 6 },
  );
  mock.onMessage('Think for long.', { content: 'Hm.' }, { chaos: { latencyMs: 30_000 } });
}

type UsageRow = { model_calls: number; input_tokens: number; output_tokens: number };

async function usageOf(gateway: TestGateway, agentId: string): Promise<UsageRow> {
  const response = await gateway.fetch('/admin/usage');
  const usage = (await response.json()) as { rows: (UsageRow & { agent_id: string })[] };
  const none = { model_calls: 0, input_tokens: 0, output_tokens: 0 };
  return usage.rows.find((row) => row.agent_id === agentId) ?? none;
}

/** The tool's result in a body of either API, as JSON. */
function toolResult(body: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const items = (body?.messages ?? body?.input) as { [key: string]: unknown }[];
  const item = items.find((one) => one.role === 'tool' || one.type === 'function_call_output');
  const result = item?.content ?? item?.output;
  return JSON.parse(typeof result === 'string' ? result : textOf(result));
}

/** Text of a list of content parts. */
function textOf(parts: unknown): string {
  return (parts as { text?: string }[]).map((part) => part.text ?? '').join('');
}
