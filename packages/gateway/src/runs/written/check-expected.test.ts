import { expect, test } from 'vitest';
import type { WrittenTest } from '../../protocol/admin/written-test.ts';
import { type Came, checkExpected } from './check-expected.ts';

/** Looked up a train, asked for the weather, and said where. */
const came: Came = {
  text: '{ "city": "Rome" }',
  tools: [
    { name: 'look_up', arguments: { to: 'Rome', class: 2, stops: [{ name: 'Pisa' }] } },
    { name: 'weather', arguments: { city: 'Rome' } },
  ],
  modelCalls: 3,
  tokens: 45,
  costNanoUsd: 2_000_000,
};

const wholly: WrittenTest['expect'] = {
  text: '{ "city": "Rome" }',
  pattern: '^\\{ "city"',
  schema: { type: 'object', required: ['city'], properties: { city: { const: 'Rome' } } },
  tools: [{ name: 'look_up', arguments: { to: 'Rome', stops: [{}] } }, 'weather'],
  max_model_calls: 3,
  max_tool_calls: 2,
  max_tokens: 45,
  max_cost_usd: 0.002,
};

test('what is as expected differs in nothing', async () => {
  expect(await checkExpected(wholly, came)).toBeNull();
  expect(await checkExpected({}, { ...came, text: '', costNanoUsd: null })).toBeNull();
  const anyOrder = { tools: { any_order: ['weather', 'look_up'] } };
  expect(await checkExpected(anyOrder, came)).toBeNull();
});

const unmet: readonly (readonly [expected: WrittenTest['expect'], place: string])[] = [
  [{ text: 'Rome' }, 'expect.text'],
  [{ pattern: '^Rome' }, 'expect.pattern'],
  [{ schema: { properties: { city: { type: 'number' } } } }, 'expect.schema'],
  [{ tools: ['weather', 'look_up'] }, 'expect.tools[0]'],
  [{ tools: ['look_up'] }, 'expect.tools'],
  [{ tools: ['look_up', 'weather', 'weather'] }, 'expect.tools[2]'],
  [{ tools: [{ name: 'look_up', arguments: { to: 'Pisa' } }, 'weather'] }, 'expect.tools[0]'],
  [{ tools: [{ name: 'look_up', arguments: { stops: [] } }, 'weather'] }, 'expect.tools[0]'],
  [
    { tools: { any_order: ['weather', { name: 'look_up', arguments: { to: 'Pisa' } }] } },
    'expect.tools.any_order[1]',
  ],
  [{ tools: { any_order: ['weather'] } }, 'expect.tools.any_order'],
  [{ max_model_calls: 2 }, 'expect.max_model_calls'],
  [{ max_tool_calls: 1 }, 'expect.max_tool_calls'],
  [{ max_tokens: 44 }, 'expect.max_tokens'],
  [{ max_cost_usd: 0.001 }, 'expect.max_cost_usd'],
];

test.each(unmet)('where %j is not met, its field is named', async (expected, place) => {
  expect(await checkExpected(expected, came)).toMatchObject({ place });
});

test('a cost that nobody knows is over every limit, and what is no JSON fits no schema', async () => {
  const unpriced = { ...came, costNanoUsd: null };
  expect(await checkExpected({ max_cost_usd: 9 }, unpriced)).toMatchObject({
    place: 'expect.max_cost_usd',
    message: 'What a model costs is not known: set its prices below upstreams in gateway.yaml.',
  });
  expect(await checkExpected({ schema: {} }, { ...came, text: 'Rome' })).toMatchObject({
    place: 'expect.schema',
    message: 'The answer is no JSON.',
  });
  await expect(checkExpected({ schema: { type: 'none' } }, came)).rejects.toMatchObject({
    code: 'invalid_value',
    message: expect.stringMatching(/^expect\.schema is no JSON schema: .* Correct it\.$/),
  });
});
