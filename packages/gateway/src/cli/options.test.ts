import { expect, test } from 'vitest';
import { durationSeconds, parseRunLimits } from './options.ts';

test.each([
  ['90s', 90],
  ['45m', 2_700],
  ['12h', 43_200],
  ['30d', 2_592_000],
  ['2w', 1_209_600],
  ['0d', null],
  ['-1d', null],
  ['1.5h', null],
  ['30', null],
  ['d', null],
  ['30 d', null],
  ['1h30m', null],
  ['9999999999d', null],
])('%s is %s seconds', (text, seconds) => {
  expect(durationSeconds(text)).toBe(seconds);
});

test.each([
  ['max_model_calls=1,max_model_calls=2'],
  ['max_tokens=0x10'],
  ['max_tokens=1e3'],
  ['max_tokens'],
  ['colour=1'],
])('refuses the limits of runs in %j', (text) => {
  expect(() => parseRunLimits(text)).toThrow('Give limits above 0, each once');
});

test('reads limits of runs', () => {
  expect(parseRunLimits('max_model_calls=20, max_cost_usd=0.5')).toEqual({
    max_model_calls: 20,
    max_cost_usd: 0.5,
  });
});
