import { expect, test } from 'vitest';
import { plainText } from './log.ts';

test.each([
  ['Plain – and Grüße, 你好 \t done.', 'Plain – and Grüße, 你好 \t done.'],
  ['\x1b[32mgreen\x1b[0m', '\x1b[32mgreen\x1b[0m'],
  ['gone\x1b[2J\x1b[1;1H', 'gone[2J[1;1H'],
  ['over\rwritten\b\x07', 'overwritten'],
  ['\x9b2K\x9d0;title\x9c', '2K0;title'],
  ['\x1b]0;title\x07', ']0;title'],
  ['first\n12:00:00 info  access allowed', 'first\n    12:00:00 info  access allowed'],
])('shows %j as %j', (text, shown) => {
  expect(plainText(text)).toBe(shown);
});
