import { describe, expect, test } from 'vitest';
import { parseJson } from './parse-json.ts';

describe('parseJson', () => {
  test.each([
    ['{"a":[1,{"b":null}]}', { a: [1, { b: null }] }],
    ['"[[["', '[[['],
    ['', undefined],
  ])('reads %j', (text, value) => {
    expect(parseJson(text)).toEqual(value);
  });

  test('counts no brackets inside strings, however these are escaped', () => {
    const value = { a: `${'['.repeat(2000)}"`, b: `\\${'{'.repeat(2000)}\\"`, 'c\\': '\\\\' };
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  });

  test.each(['"\\ud83d"', '{"a\\uDE00":1}', '"\\\\\\ud83d x"', '"\\ud83d\\ud83d\\ude00"'])(
    'refuses halves of characters: %s',
    (text) => {
      expect(() => parseJson(text)).toThrow(/half of a character \(\\ud\w{3}\): a text was cut/i);
    },
  );

  test.each(['"\\ud83d\\ude00"', '"\\\\ud83d"', '"\ud83d\ude00"', '"\\n\\"\\uD83D\\uDE00"'])(
    'takes whole ones: %s',
    (text) => {
      expect(parseJson(text)).toBe(JSON.parse(text));
    },
  );

  test('takes many values side by side', () => {
    const value = Array.from({ length: 5000 }, (_, index) => ({ index: [index] }));
    expect(parseJson(JSON.stringify(value))).toEqual(value);
  });

  test.each([256, 257, 20_000])('draws the line at 256 levels (%i)', (levels) => {
    const read = () => parseJson('['.repeat(levels) + ' '.repeat(1000) + ']'.repeat(levels));
    if (levels > 256) expect(read).toThrow('The body is nested deeper than 256 levels.');
    else expect(read()).toBeInstanceOf(Array);
  });

  test('does not even begin with 30 MB of brackets', () => {
    expect(() => parseJson('['.repeat(30_000_000))).toThrow('nested deeper');
    expect(() => parseJson('{"a":'.repeat(6_000_000))).toThrow('nested deeper');
  });

  test('draws the line at 50,000 values, however small they are', () => {
    const most = Array.from({ length: 49_999 }, () => 0);
    expect(parseJson(JSON.stringify(most))).toEqual(most);
    for (const value of ['{}', '[]', '0', '"a"']) {
      const text = `[${`${value},`.repeat(2_000_000)}0]`;
      expect(() => parseJson(text)).toThrow('The body is made of more than 50000 values.');
    }
  });

  test('counts no commas inside strings', () => {
    expect(parseJson(JSON.stringify([','.repeat(1_000_000)]))).toHaveLength(1);
  });

  test.each(['{"a":', `"${'x'.repeat(600)}`, '{"a":1}}', `${'x'.repeat(600)}`])(
    'refuses what is no JSON',
    (text) => {
      expect(() => parseJson(text)).toThrow('The body is not valid JSON');
    },
  );
});
