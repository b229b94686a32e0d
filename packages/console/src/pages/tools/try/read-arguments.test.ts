import { expect, test } from 'vitest';
import { argumentFields } from './argument-fields.ts';
import { readFields, readWhole } from './read-arguments.ts';

const fields = argumentFields({
  type: 'object',
  required: ['city', 'note', 'days'],
  properties: {
    city: { type: 'string', description: 'Name of the city.' },
    note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
    days: { type: 'integer', default: 3 },
    ratio: { type: ['number', 'null'] },
    unit: { enum: ['celsius', 7] },
    wind: { type: 'boolean' },
    more: { $ref: '#/$defs/more' },
  },
});

test('makes a field of each argument, of whatever is not simple one for JSON', () => {
  expect(fields.map(({ name, kind, initial }) => [name, kind, initial])).toEqual([
    ['city', 'text', ''],
    ['note', 'text', ''],
    ['days', 'integer', '3'],
    ['ratio', 'number', ''],
    ['unit', 'choice', ''],
    ['wind', 'boolean', ''],
    ['more', 'json', ''],
  ]);
  expect(argumentFields({ type: 'object' })).toEqual([]);
});

test('reads what was written, and leaves out what was not', () => {
  const written = { city: ' Paris', days: '2', unit: '1', wind: 'false', more: '{"a":[1]}' };
  expect(readFields(fields, written)).toEqual({
    args: { city: ' Paris', note: null, days: 2, unit: 7, wind: false, more: { a: [1] } },
  });
});

test('says of each field what is wrong with it', () => {
  const read = readFields(fields, { days: '1.5', ratio: 'x', more: '{' });
  const problems = new Map([
    ['city', 'Give a value.'],
    ['days', 'This is no whole number.'],
    ['ratio', 'This is no number.'],
    ['more', expect.stringMatching(/^This is no JSON: /)],
  ]);
  expect(read).toEqual({ problems });
});

test('reads arguments that are written as one text', () => {
  expect(readWhole(' ')).toEqual({ args: {} });
  expect(readWhole('{"city":"Paris"}')).toEqual({ args: { city: 'Paris' } });
  expect(readWhole('[]')).toEqual({
    problems: new Map([['', 'Arguments are an object, such as {"city":"Paris"}.']]),
  });
});
