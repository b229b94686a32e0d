import { describe, expect, test } from 'vitest';
import { ask, callsFor as callsOf, textFor, tool } from '../../../test/support/demo-kit.ts';

const text = { type: 'string' };
const number = { type: 'number' };
const weather = tool('get_weather', 'Get the weather for a city.', { city: text });
const tools = [weather, tool('greet', 'Greets a person.', { name: text })];
const callsFor = (input: unknown, settings: Record<string, unknown> = { tools }) =>
  callsOf(input, settings);

describe('a conversation', () => {
  const user = (content: string) => ({ role: 'user', content });
  const call = (id: string, name: string, args: object) => ({
    type: 'function_call',
    call_id: id,
    name,
    arguments: JSON.stringify(args),
  });
  const result = (id: string, output: unknown) => ({
    type: 'function_call_output',
    call_id: id,
    output,
  });
  const paris = call('c1', 'get_weather', { city: 'Paris' });

  test('never makes the same call twice, and tells the results as a person reads them', () => {
    const answer = textFor([
      user('weather in Paris?'),
      paris,
      result('c1', '{"temperature_c":21,"wind":{"kmh":5},"days":["mon","tue"]}'),
    ]);
    expect(answer).toContain(
      'get_weather says: temperature c: 21, wind: (kmh: 5), days: (mon; tue)',
    );
    expect(answer).toContain("Dropgate's demo model");
  });

  test('makes the call again for a new message', () => {
    const history = [user('weather in Paris?'), paris, result('c1', 'fine')];
    const again = [...history, { role: 'assistant', content: 'fine' }, user('weather in Paris?')];
    expect(callsFor(again)).toHaveLength(1);
  });

  test('reads results in parts, and plain text as it is', () => {
    const parts = [{ type: 'input_text', text: 'It is fine.' }];
    expect(textFor([user('weather in Paris?'), paris, result('c1', parts)])).toContain(
      'says: It is fine.',
    );
  });

  test('speaks to the last message only', () => {
    expect(
      callsFor([user('greet Ada'), { role: 'assistant', content: 'ok' }, user('thanks')]),
    ).toEqual([]);
  });
});

describe('a handoff', () => {
  const handoffs = [
    tool('transfer_to_Refund_Agent', 'Handoff to the Refund Agent to handle the request.', {}),
    tool('transfer_to_Sales', 'Handoff to the Sales agent. Knows prices and discounts.', {}),
    tool('get_weather', 'Get the weather for a city.', { city: text }),
  ];

  test.each([
    ['I want a refund', 'transfer_to_Refund_Agent'],
    ['Are there any discounts?', 'transfer_to_Sales'],
    ['Hand me over to sales, please', 'transfer_to_Sales'],
    ['weather in Paris?', 'get_weather'],
    ['transfer me to sales about the weather in Paris', 'transfer_to_Sales'],
  ])('“%s” goes to %s', (message, name) => {
    expect(callsFor(message, { tools: handoffs }).flatMap(Object.keys)).toEqual([name]);
  });

  test('is not followed by another that the message does not ask for', () => {
    const input = [
      { role: 'user', content: 'A refund with discounts' },
      { type: 'function_call', call_id: 'c1', name: 'transfer_to_Refund_Agent', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c1', output: '{"assistant":"Refund Agent"}' },
    ];
    expect(callsFor(input, { tools: handoffs })).toEqual([]);
    expect(textFor(input, { tools: handoffs })).not.toContain('says:');
  });
});

describe('an output schema', () => {
  const fit = (message: string, schema: object) =>
    JSON.parse(textFor(message, { text: { format: { type: 'json_schema', name: 'o', schema } } }));

  test('is filled from the message and always fits', () => {
    const schema = {
      type: 'object',
      $defs: {
        person: {
          type: 'object',
          properties: { email: { type: 'string', format: 'email' } },
          required: ['email'],
        },
      },
      properties: {
        is_math_homework: { type: 'boolean' },
        is_rude: { type: 'boolean' },
        reasoning: text,
        person: { $ref: '#/$defs/person' },
        level: { type: 'integer', minimum: 3, maximum: 5 },
        tags: { type: 'array', items: text, minItems: 2 },
        kind: { const: 'note' },
        short: { type: 'string', maxLength: 4 },
        score: { anyOf: [{ type: 'null' }, number] },
      },
      required: [
        'is_math_homework',
        'is_rude',
        'reasoning',
        'person',
        'level',
        'tags',
        'kind',
        'short',
        'score',
      ],
    };
    expect(fit('Do my math homework', schema)).toEqual({
      is_math_homework: true,
      is_rude: false,
      reasoning: 'Do my math homework',
      person: { email: 'demo@example.com' },
      level: 3,
      tags: ['Do my math homework', 'Do my math homework'],
      kind: 'note',
      short: 'Do m',
      score: 0,
    });
  });

  test('that contains itself is survived', () => {
    const node = { type: 'object', properties: { next: { $ref: '#' }, v: text }, required: ['v'] };
    expect(fit('hi', node)).toEqual({ v: 'hi' });
    expect(fit('hi', { anyOf: [{ $ref: '#' }] })).toEqual({ answer: 'hi' });
  });
});

test('the same request always gets the same answer, another request other ids', () => {
  expect(ask('weather in Paris?', { tools })).toEqual(ask('weather in Paris?', { tools }));
  const ids = ['Paris', 'Rome'].map(
    (city) => JSON.stringify(ask(`weather in ${city}?`, { tools })).match(/call_[0-9a-f]+/)![0],
  );
  expect(ids[0]).not.toBe(ids[1]);
});

test('a very long message is answered quickly', () => {
  const startedMs = performance.now();
  expect(ask(`${'1 (a@ '.repeat(200_000)}`, { tools })).toHaveLength(1);
  expect(performance.now() - startedMs).toBeLessThan(2000);
});
