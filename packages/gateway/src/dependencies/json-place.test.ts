import { expect, test } from 'vitest';
import { parseJson } from './json-place.ts';

test('gives the value of what is JSON', () => {
  expect(parseJson('{"a": [1]}')).toEqual({ type: 'parsed', value: { a: [1] } });
});

test.each([
  ['{"a":tru}', 1, 9],
  ['{\n  "a": 1\n  "b": 2\n}', 3, 3],
  ['{\n  "a": 1,\n}', 3, 1],
  ['hello', 1, 1],
  ['{\n  // no\n}', 2, 3],
  ['{"a": 1}}', 1, 9],
  ['{"a": "b', 1, 9],
  ['{"a": 1', 1, 8],
  ["{\n  'a': 1\n}", 2, 3],
  ['', 1, 1],
])('tells where %j breaks', (text, line, column) => {
  expect(parseJson(text)).toMatchObject({ type: 'broken', place: { line, column } });
});

test('tells the reason without the place and the text around it', () => {
  expect(parseJson('{"a":tru}')).toMatchObject({ reason: "Unexpected token '}'" });
  expect(parseJson('{"a" 1}')).toMatchObject({ reason: "Expected ':' after property name" });
  expect(parseJson('')).toMatchObject({ reason: 'Unexpected end of the file' });
});
