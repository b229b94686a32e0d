import { expect, test } from 'vitest';
import { requestIdOf, traceOf } from './request-context.ts';

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test.each([
  undefined,
  '',
  `${trace}0`,
  trace.toUpperCase(),
  trace.replace('00-', '01-'),
  trace.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
  trace.replace('b7ad6b7169203331', '0'.repeat(16)),
  `${trace}\r\nx-evil: 1`,
  `${trace}, ${trace}`,
])('takes no trace of %j', (traceparent) => {
  expect(traceOf({ headers: { traceparent } as Record<string, string> })).toEqual({});
});

test.each([
  '',
  '-begins-with-a-dash',
  'a b',
  'a'.repeat(129),
  'grün',
  'a\r\nx-evil: 1',
  '<script>',
  '"quoted"',
  '\u001b[2J',
  ['a', 'b'],
])('makes a new id where the sender’s is none: %j', (id) => {
  const headers = { 'x-request-id': id } as unknown as Record<string, string>;
  expect(requestIdOf({ headers })).toMatch(/^req_[\da-f]{24}$/);
});

test('takes a trace and an id that are ones', () => {
  expect(traceOf({ headers: { traceparent: trace } })).toEqual({ traceparent: trace });
  expect(requestIdOf({ headers: { 'x-request-id': 'a'.repeat(128) } })).toBe('a'.repeat(128));
});
