import { expect, test } from 'vitest';
import { durationSeconds } from './options.ts';

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
