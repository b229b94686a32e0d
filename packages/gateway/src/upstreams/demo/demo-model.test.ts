import { Agent, handoff, OpenAIProvider, Runner, run, tool } from '@openai/agents';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demo, startBroker } from '../../../test/support/broker-kit.ts';

const weather = tool({
  name: 'get_weather',
  description: 'Get the weather for a city.',
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, temperature_c: city.length, sky: 'clear' }),
});
const add = tool({
  name: 'add',
  description: 'Adds two numbers.',
  parameters: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => `${a + b}`,
});

/** Runs the real SDK against the demo model behind the broker, over one API, streamed or not. */
async function ask(
  agent: Agent<unknown, any>,
  input: string,
  way: { api: string; stream: boolean },
) {
  const { access, calls } = await startBroker([demo]);
  const runner = new Runner({
    tracingDisabled: true,
    modelProvider: new OpenAIProvider({
      apiKey: access.token,
      baseURL: access.baseUrl,
      useResponses: way.api === 'responses',
    }),
  });
  if (!way.stream) {
    const result = await runner.run(agent, input);
    return { result, output: result.finalOutput, deltas: [] as string[], calls };
  }
  const result = await runner.run(agent, input, { stream: true });
  const deltas: string[] = [];
  for await (const event of result) {
    if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta') {
      deltas.push(event.data.delta);
    }
  }
  await result.completed;
  return { result, output: result.finalOutput, deltas, calls };
}

const ways = ['responses', 'chat_completions'].flatMap((api) =>
  [false, true].map((stream) => ({ api, stream, how: stream ? 'streamed' : 'whole' })),
);

describe.each(ways)('the Agents SDK over $api, $how', (way) => {
  test('calls a tool with the city of the question and tells its result', async () => {
    const agent = new Agent({ name: 'Weather', instructions: 'Be brief.', tools: [weather] });
    const { output, result, deltas, calls } = await ask(agent, 'weather in Paris?', way);
    expect(output).toContain('city: Paris, temperature c: 5, sky: clear');
    expect(result.newItems.map((item) => item.type)).toEqual([
      'tool_call_item',
      'tool_call_output_item',
      'message_output_item',
    ]);
    if (way.stream) {
      expect(deltas.join('')).toBe(output);
      expect(deltas.length).toBeGreaterThan(5);
    }
    const usage = result.state.usage;
    expect(usage.requests).toBe(2);
    expect(usage.outputTokens).toBe(calls.reduce((sum, call) => sum + call.usage!.outputTokens, 0));
    expect(usage.inputTokens).toBe(calls.reduce((sum, call) => sum + call.usage!.inputTokens, 0));
  });

  test('calls one tool twice and another once for one message', async () => {
    const agent = new Agent({ name: 'Both', tools: [weather, add] });
    const text = 'What is the weather in Paris and London? Then add 2 to 40.';
    const { output, result, calls } = await ask(agent, text, way);
    expect(calls).toHaveLength(2);
    expect(result.newItems.filter((item) => item.type === 'tool_call_item')).toHaveLength(3);
    expect(output).toContain('city: Paris');
    expect(output).toContain('city: London');
    expect(output).toContain('add says: 42');
  });

  test('hands off to the agent that the message is about, which answers', async () => {
    const refunds = new Agent({ name: 'Refunds', handoffDescription: 'Gives money back.' });
    const forecasts = new Agent({
      name: 'Forecaster',
      tools: [weather],
      handoffDescription: 'Knows the weather.',
    });
    const triage = Agent.create({ name: 'Triage', handoffs: [refunds, handoff(forecasts)] });
    const { result, output } = await ask(triage, 'How is the weather in Oslo?', way);
    expect(result.lastAgent?.name).toBe('Forecaster');
    expect(output).toContain('city: Oslo');
  });

  test('hands off when told to, and does not come back', async () => {
    const refunds: Agent = new Agent({ name: 'Refunds' });
    const triage: Agent = Agent.create({ name: 'Triage', handoffs: [refunds], tools: [weather] });
    refunds.handoffs.push(triage);
    const { result, output } = await ask(triage, 'Please transfer me to Refunds.', way);
    expect(result.lastAgent?.name).toBe('Refunds');
    expect(output).toContain("This is Dropgate's demo model");
  });

  test('fits its answer to an output type, from the tool result', async () => {
    const agent = new Agent({
      name: 'Structured',
      tools: [weather],
      outputType: z.object({
        city: z.string(),
        temperature_c: z.number(),
        mood: z.enum(['good', 'bad']),
        summary: z.string(),
        tags: z.array(z.string()),
        note: z.string().nullable(),
      }),
    });
    const { output } = await ask(agent, 'weather in Rome?', way);
    expect(output).toMatchObject({ city: 'Rome', temperature_c: 4, mood: 'good' });
  });

  test('says what it is where nothing fits', async () => {
    const agent = new Agent({ name: 'Talker', tools: [weather] });
    const { output, deltas } = await ask(agent, 'Hello there!', way);
    expect(output).toBe(
      "This is Dropgate's demo model, a rule-based stand-in without an LLM. You said: “Hello there!”. Tools of this agent: get_weather (city). Put OPENAI_API_KEY into .dropgate/upstream.env to use a real model.",
    );
    expect(deltas.join('')).toBe(way.stream ? output : '');
  });
});

test('an agent that is a tool is called with the whole message', async () => {
  const inner = new Agent({ name: 'Translator', instructions: 'Translate.' });
  const seen: string[] = [];
  const agent = new Agent({
    name: 'Outer',
    tools: [
      inner.asTool({
        toolName: 'translate',
        toolDescription: 'Translates a text.',
        customOutputExtractor: (result) => {
          seen.push(JSON.stringify(result.input));
          return 'Bonjour';
        },
      }),
    ],
  });
  const { access } = await startBroker([demo]);
  const provider = new OpenAIProvider({ apiKey: access.token, baseURL: access.baseUrl });
  const { setDefaultModelProvider } = await import('@openai/agents');
  setDefaultModelProvider(provider);
  const { finalOutput } = await run(agent, 'Translate good morning please');
  expect(seen).toEqual(['"Translate good morning please"']);
  expect(finalOutput).toContain('translate says: Bonjour');
});

describe('the openai client', () => {
  async function client() {
    const { access, called } = await startBroker([demo]);
    return { called, openai: new OpenAI({ apiKey: access.token, baseURL: access.baseUrl }) };
  }
  const question = [{ role: 'user' as const, content: 'Hello' }];

  test('streams a chat completion with its usage', async () => {
    const { openai, called } = await client();
    const stream = openai.chat.completions.stream({
      model: 'any',
      messages: question,
      stream_options: { include_usage: true },
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]!.message.content).toContain('You said: “Hello”');
    expect(completion.choices[0]!.finish_reason).toBe('stop');
    const [call] = await called(1);
    expect(call!.usage!.outputTokens).toBe(completion.usage!.completion_tokens);
    expect(call!.usage!.inputTokens).toBe(completion.usage!.prompt_tokens);
  });

  test('streams a response whose final object equals the whole one', async () => {
    const { openai } = await client();
    const streamed = await openai.responses
      .stream({ model: 'any', input: 'Hello' })
      .finalResponse();
    const whole = await openai.responses.create({ model: 'any', input: 'Hello' });
    expect(streamed.output_text).toBe(whole.output_text);
    expect(streamed.usage).toEqual(whole.usage);
    expect(whole.status).toBe('completed');
  });

  test('sees every event of a streamed response once and in order', async () => {
    const { openai } = await client();
    const stream = await openai.responses.create({ model: 'any', input: 'Hi', stream: true });
    const events = [];
    for await (const event of stream) events.push(event);
    const types = events.map((event) => event.type);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    expect([...new Set(types)]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  test('gets a JSON object when it asks for one', async () => {
    const { openai } = await client();
    const completion = await openai.chat.completions.create({
      model: 'any',
      messages: question,
      response_format: { type: 'json_object' },
    });
    expect(JSON.parse(completion.choices[0]!.message.content!)).toEqual({ answer: 'Hello' });
  });

  test('gets a short answer marked as cut off at its token limit', async () => {
    const { openai } = await client();
    const chat = await openai.chat.completions.create({
      model: 'any',
      messages: question,
      max_completion_tokens: 4,
    });
    expect(chat.choices[0]).toMatchObject({
      finish_reason: 'length',
      message: { content: 'This is Dropgate' },
    });
    const response = await openai.responses.create({
      model: 'any',
      input: 'Hello',
      max_output_tokens: 4,
    });
    expect(response).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
    });
  });

  test('is told which field is missing', async () => {
    const { openai } = await client();
    const call = openai.chat.completions.create({ model: 'any' } as never);
    await expect(call).rejects.toMatchObject({
      status: 400,
      code: 'missing_required_parameter',
      param: 'messages',
    });
  });

  test('is told how to get embeddings', async () => {
    const { openai, called } = await client();
    const call = openai.embeddings.create({ model: 'text-embedding-3-small', input: 'a' });
    await expect(call).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('Put OPENAI_API_KEY into .dropgate/upstream.env'),
    });
    expect(await called(1)).toMatchObject([
      { outcome: 'failed', path: '/v1/embeddings', model: 'text-embedding-3-small' },
    ]);
  });
});
