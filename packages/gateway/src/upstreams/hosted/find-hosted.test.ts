import { expect, test } from 'vitest';
import { findHosted } from './find-hosted.ts';

const names = (body: string) =>
  findHosted(Buffer.from(body), 'responses')?.hosted.map(({ tool }) => tool.name) ?? [];

const search = '{"type":"web_search"}';
const run =
  '{"type":"function","name":"f","description":"Says } ] , \\" and \\\\","parameters":{}}';
const long = `${'x'.repeat(40)} \\" ] } ${'y'.repeat(40)} \\\\`;

test.each([
  ['behind long texts', `{"input":"${long}","tools":[${run},${search}]}`, ['web_search']],
  ['before long texts', `{"tools":[${run},${search}],"input":"${long}"}`, ['web_search']],
  ['among fields', `{"a":[{"b":1}],"tools":[${search}],"c":{"d":[]}}`, ['web_search']],
  ['with spaces', ` { "tools" : [ ${run} , { "type" : "web_search" } ] } `, ['web_search']],
  ['twice', `{"tools":[],"tools":[${search}]}`, ['web_search']],
  ['beside one in something', `{"x":{"tools":[${search}]},"tools":[${run}]}`, []],
  ['in something alone', `{"input":[{"tools":[${search}]}]}`, []],
  ['behind something that has one', `{"x":{"tools":[]},"tools":[${search}]}`, ['web_search']],
  ['in a text', `{"input":"\\"tools\\":[${search.replaceAll('"', '\\"')}]","tools":[${run}]}`, []],
  ['as the name of another field', `{"a\\"tools":[${search}]}`, []],
  ['as a text', `{"input":["tools",${search}]}`, []],
  ['in a list', `[{"tools":[${search}]}]`, 'unreadable'],
  ['without an end', `{"tools":[${search}`, 'unreadable'],
  ['as no list', '{"tools":{"type":"web_search"}}', []],
  ['as a list in a list', `{"tools":[[${search}]]}`, []],
  ['as the default of a parameter', `{"tools":[{"type":"function","x":${search}}]}`, []],
  [
    'far from both ends',
    `{"a":"${'x'.repeat(70_000)}","tools":[${search}],"b":"${'x'.repeat(70_000)}"}`,
    ['web_search'],
  ],
])('hosted tools are found where they are declared: %s', (_where, body, expected) => {
  if (expected === 'unreadable') expect(() => names(body)).toThrow('JSON object');
  else expect(names(body)).toEqual(expected);
});

test('fields that lie in each other, hundreds of thousands, are gone through once', () => {
  // Each gone through by itself, they would take longer than any test may.
  const fields = `${'{"tools":['.repeat(300_000)}1${']}'.repeat(300_000)}`;
  expect(findHosted(Buffer.from(`{"x":${fields}}`), 'responses')).toBeNull();
  expect(
    names(`{"tools":[${search}],"x":${'{"tools":['.repeat(100)}1${']}'.repeat(100)}}`),
  ).toEqual(['web_search']);
});

test('what is read of a body is what reading all of it says, whatever it is made of', () => {
  const pieces = ['"tools"', '"type"', '"web_search"', '"function"', '"a\\\\"', '"\\"tools"', '1'];
  let seed = 7;
  const pick = (count: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * count);
  };
  const key = () => pieces[pick(pieces.length - 1)] ?? '""';
  const make = (depth: number): string => {
    const kind = depth > 4 ? 0 : pick(3);
    if (kind === 0) return pieces[pick(pieces.length)] ?? '1';
    const parts = Array.from({ length: pick(4) }, () => make(depth + 1));
    if (kind === 1) return `[${parts.join(' ,')}]`;
    return `{${parts.map((part) => `${key()}: ${part}`).join(',')}}`;
  };
  let found = 0;
  for (let round = 0; round < 3000; round += 1) {
    const parts = Array.from({ length: 1 + pick(3) }, () => `${key()}:${make(1)}`);
    const body = `{${parts.join(',')}}`;
    const { tools } = JSON.parse(body) as { tools?: unknown };
    const isHosted = (each: any) => each?.type === 'web_search';
    const expected = Array.isArray(tools) ? tools.filter(isHosted).length : 0;
    expect([body, names(body).filter((name) => name === 'web_search').length]).toEqual([
      body,
      expected,
    ]);
    found += expected;
  }
  expect(found).toBe(13);
});
