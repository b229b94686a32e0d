import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import { demoModel } from '../../src/upstreams/demo/demo-model.ts';
import type { Target } from './hostile-tests.ts';
import { type Json, jsonText, mutated, oddText } from './odd-values.ts';

const words = fc.constantFrom(
  'city',
  'Paris',
  'the ',
  'is ',
  'from ',
  'to ',
  '“',
  '"',
  "'",
  '12',
  '.',
  '-',
  ' ',
  'A',
  'a@b.c',
  'https://x',
  '2000-01-01',
  'not ',
  'transfer to ',
  '\n',
  '1 + ',
  '(',
  '/x',
);

/** A message, also a very long one. */
const message = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      'What is the weather in Paris for “Ada” on 2026-01-01?',
      'transfer to Billing, order #17',
    ),
  },
  { weight: 2, arbitrary: oddText },
  {
    weight: 2,
    arbitrary: fc
      .tuple(
        fc.array(words, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(1, 10, 1000, 20_000),
        words,
      )
      .map(([unit, times, last]) => unit.join('').repeat(times) + last),
  },
);

const property = fc.constantFrom<Json>(
  { type: 'string' },
  { type: 'string', format: 'date', minLength: 3, maxLength: 20 },
  { type: 'string', enum: ['a', 'b'] },
  { type: ['number', 'null'], minimum: 0, exclusiveMinimum: 1 },
  { type: 'array', items: { type: 'string' }, minItems: 2, maxItems: 3 },
  { type: 'array', items: { $ref: '#' }, minItems: 8 },
  {
    anyOf: [
      { type: 'null' },
      { type: 'object', properties: { x: { type: 'integer' } }, required: ['x'] },
    ],
  },
  { type: 'boolean' },
  { $ref: '#/$defs/a' },
);
const schema = fc
  .dictionary(
    fc.oneof(
      fc.constantFrom(
        'city',
        'email',
        'is_new',
        'from',
        'to',
        'query',
        'text',
        'order_id',
        'a.*+?',
        '__proto__',
        'constructor',
      ),
      oddText,
    ),
    property,
    { maxKeys: 4 },
  )
  .map(
    (properties): Json => ({
      type: 'object',
      properties,
      required: Object.keys(properties),
      $defs: { a: { $ref: '#/$defs/a' } },
    }),
  );

const chat = fc.tuple(message, schema, fc.boolean()).map(
  ([content, parameters, stream]): Json => ({
    model: 'm',
    stream,
    messages: [
      { role: 'system', content: 'You are x.' },
      { role: 'user', content },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c', type: 'function', function: { name: 'get_weather', arguments: '{}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c', content: '{"temp":[1,{"a":2}]}' },
      { role: 'user', content: [{ type: 'text', text: content }] },
    ],
    tools: [
      {
        type: 'function',
        function: { name: 'get_weather', description: 'Weather of a city', parameters },
      },
    ],
    tool_choice: 'auto',
    response_format: { type: 'json_schema', json_schema: { name: 'x', schema: parameters } },
  }),
);
const responses = fc.tuple(message, schema, fc.boolean()).map(
  ([text, parameters, stream]): Json => ({
    model: 'm',
    stream,
    instructions: 'You are x.',
    input: [
      { role: 'user', content: [{ type: 'input_text', text }] },
      { type: 'function_call', call_id: 'c', name: 'get_weather', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: 'Sunny' },
      { role: 'user', content: text },
    ],
    tools: [
      { type: 'function', name: 'transfer_to_Billing', description: 'x', parameters },
      { type: 'function', name: 'get_weather', parameters },
    ],
    text: { format: { type: 'json_schema', name: 'x', schema: parameters } },
  }),
);

export const demoTargets: readonly Target[] = [
  {
    title: 'the demo model answers any request, in bounded time and length',
    runs: [30, 12_000],
    property: fc.asyncProperty(
      fc.oneof(
        fc.tuple(fc.constant('chat_completions' as const), mutated(chat)),
        fc.tuple(fc.constant('responses' as const), mutated(responses)),
      ),
      async ([api, value]) => {
        const { user } = process.cpuUsage();
        const text = jsonText(value);
        const answer = demoModel.handle(api, Buffer.from(text));
        let length = 0;
        if (answer.type === 'stream')
          for await (const event of answer.events) length += event.length;
        else length = JSON.stringify(answer.body).length;
        ok(length < 20 * text.length + 1_000_000, `${length} characters`);
        const used = process.cpuUsage().user - user;
        ok(used < 5_000_000, `${text.length} characters took ${used} µs`);
        if (answer.type === 'json')
          ok(answer.status === 200 || answer.status === 400, String(answer.status));
      },
    ),
  },
];
