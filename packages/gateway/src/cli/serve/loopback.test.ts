import { expect, test } from 'vitest';
import { isLoopback } from './loopback.ts';

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['LOCALHOST', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
  ['127.0.0.1.example', false],
  ['localhost.example', false],
  ['', false],
])('%s reaches this machine only: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
