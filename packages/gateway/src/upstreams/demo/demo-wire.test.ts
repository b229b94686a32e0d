import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { demo, startBroker } from '../../../test/support/broker-kit.ts';

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const described = { name: 'get_weather', description: 'Get the weather for a city.', parameters };
const chatTools = [{ type: 'function' as const, function: described }];
const responseTools = [{ type: 'function' as const, strict: true, ...described }];

async function start() {
  const broker = await startBroker([demo]);
  const { token: apiKey, baseUrl: baseURL } = broker.access;
  return { ...broker, openai: new OpenAI({ apiKey, baseURL }) };
}

/** The `data:` lines of a stream, parsed but for its end. */
async function dataOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  return lines.flatMap((line) => (line === 'data: [DONE]' ? [] : [JSON.parse(line.slice(6))]));
}

describe('chat completions', () => {
  test('a conversation with its tool call and result is read in every form', async () => {
    const { openai } = await start();
    const completion = await openai.chat.completions.create({
      model: 'any',
      tools: chatTools,
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'developer', content: [{ type: 'text', text: 'Be brief.' }] },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'weather in Paris?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'call_1',
              type: 'function',
              function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
            },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'Sunny.' }] },
      ],
    });
    expect(completion.choices[0]!.message.content).toContain('get_weather says: Sunny.');
  });

  test('a streamed tool call is put together again by the client', async () => {
    const { openai } = await start();
    const stream = openai.chat.completions.stream({
      model: 'any',
      tools: chatTools,
      messages: [{ role: 'user', content: 'weather in Paris and Rome?' }],
    });
    const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0]!;
    expect(finish_reason).toBe('tool_calls');
    expect(message.content).toBeNull();
    const calls = message.tool_calls!.flatMap((call) =>
      call.type === 'function' ? [call.function] : [],
    );
    expect(calls.map((call) => call.arguments)).toEqual(['{"city":"Paris"}', '{"city":"Rome"}']);
    expect(new Set(message.tool_calls!.map((call) => call.id)).size).toBe(2);
  });

  test('the client runs the tool itself and gets its result told', async () => {
    const { openai } = await start();
    const asked: string[] = [];
    const runner = openai.chat.completions.runTools({
      model: 'any',
      messages: [{ role: 'user', content: 'weather in Paris?' }],
      tools: [
        {
          type: 'function',
          function: {
            ...described,
            parse: JSON.parse,
            function: ({ city }: { city: string }) => {
              asked.push(city);
              return { sky: 'clear' };
            },
          },
        },
      ],
    });
    expect(await runner.finalContent()).toContain('get_weather says: sky: clear');
    expect(asked).toEqual(['Paris']);
  });

  test('an answer in a zod format is parsed', async () => {
    const { openai } = await start();
    const event = z.object({ name: z.string(), day: z.enum(['monday', 'friday']), seats: z.int() });
    const completion = await openai.chat.completions.parse({
      model: 'any',
      messages: [{ role: 'user', content: 'Dinner for Ada on Friday with 4 seats' }],
      response_format: zodResponseFormat(event, 'event'),
    });
    expect(completion.choices[0]!.message.parsed).toEqual({ name: 'Ada', day: 'friday', seats: 4 });
  });

  test('a stream has one role, one finish and usage only where asked', async () => {
    const { send } = await start();
    const body = { model: 'any', stream: true, messages: [{ role: 'user', content: 'Hi' }] };
    const plain = await dataOf(await send('/chat/completions', { body: JSON.stringify(body) }));
    const choices = plain.map((chunk) => (chunk.choices as Record<string, unknown>[])[0]!);
    expect(choices[0]).toMatchObject({ delta: { role: 'assistant', content: '' } });
    expect(choices.filter((choice) => choice.finish_reason !== null)).toMatchObject([
      { delta: {}, finish_reason: 'stop' },
    ]);
    expect(plain.some((chunk) => 'usage' in chunk)).toBe(false);
    expect(new Set(plain.map((chunk) => `${chunk.id} ${chunk.object} ${chunk.model}`)).size).toBe(
      1,
    );

    const asking = JSON.stringify({ ...body, stream_options: { include_usage: true } });
    const counted = await dataOf(await send('/chat/completions', { body: asking }));
    expect(counted.at(-1)).toMatchObject({
      choices: [],
      usage: { total_tokens: expect.any(Number) },
    });
    expect(counted.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);
  });

  test('a stream is one event per write and ends with [DONE]', async () => {
    const { send } = await start();
    const body = JSON.stringify({ model: 'any', stream: true, messages: [] });
    const response = await send('/chat/completions', { body });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(await response.text()).toMatch(/\n\ndata: \[DONE\]\n\n$/);
  });
});

describe('responses', () => {
  test('a streamed tool call comes in the order OpenAI sends', async () => {
    const { openai } = await start();
    const stream = await openai.responses.create({
      model: 'any',
      tools: responseTools,
      input: 'weather in Paris?',
      stream: true,
    });
    const events = [];
    for await (const event of stream) events.push(event);
    expect([...new Set(events.map((event) => event.type))]).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const done = events.find((event) => event.type === 'response.function_call_arguments.done');
    expect(done?.arguments).toBe('{"city":"Paris"}');
  });

  test('an answer in a zod format is parsed, whole and streamed', async () => {
    const { openai } = await start();
    const format = zodTextFormat(
      z.object({ email: z.email(), summary: z.string(), phone: z.string().nullable() }),
      'contact',
    );
    const request = { model: 'any', input: 'Write to ada@example.com', text: { format } };
    const whole = await openai.responses.parse(request);
    expect(whole.output_parsed).toMatchObject({
      email: 'ada@example.com',
      summary: 'Write to ada@example.com',
    });
    const streamed = await openai.responses.stream(request).finalResponse();
    expect(streamed.output_parsed).toEqual(whole.output_parsed);
  });

  test('every key that OpenAI requires of a response is there', async () => {
    const { openai } = await start();
    const response = await openai.responses.create({ model: 'my-model', input: 'Hi' });
    const required =
      'id object created_at completed_at status incomplete_details model previous_response_id instructions output error tools tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs temperature reasoning usage max_output_tokens max_tool_calls store background service_tier metadata safety_identifier prompt_cache_key';
    expect(required.split(' ').filter((key) => !(key in response))).toEqual([]);
    expect(response.model).toBe('my-model');
  });

  test.each([
    ['{"input":"hi"}', 'missing_required_parameter', 'model'],
    ['{"model":"any"}', 'missing_required_parameter', 'input'],
    ['{"model":', 'invalid_json', null],
  ])('the body %s is refused', async (body, code, param) => {
    const { send, called } = await start();
    const response = await send('/responses', { body });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.json()).toMatchObject({ error: { code, param } });
    expect(await called(1)).toMatchObject([{ status: 400, outcome: 'failed', upstream: 'demo' }]);
  });

  test('a worker that leaves in mid-stream is survived', async () => {
    const { send, called } = await start();
    const leave = new AbortController();
    const input = 'a long message '.repeat(20);
    const body = JSON.stringify({ model: 'any', input, stream: true });
    const response = await send('/responses', { body, signal: leave.signal });
    await response.body!.getReader().read();
    leave.abort();
    expect(await called(1)).toMatchObject([{ upstream: 'demo', status: 200 }]);
  });
});
