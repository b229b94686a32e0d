import { expect, test } from 'vitest';
import { createEventLog } from './event-log.ts';

const event = (text: string) => `event: ${text}\n\n`;

test('A log without room takes nothing more, but for its end', () => {
  let room = 40;
  const log = createEventLog({
    set: (bytes) => bytes <= room,
    refused: () => undefined,
    release: () => undefined,
  });
  expect(log.add(event('a'))).toBe(true);
  expect(log.add(event('x'.repeat(100)))).toBe(false);
  room = 1000;
  expect(log.add(event('b'))).toBe(false);
  room = 0;
  const failure = 'event: error\ndata: {}\n\n';
  log.addLast(`${event('text.done')}${failure}${event('failed')}data: [DONE]\n\n`);
  expect(log.all()).toBe(event('a') + failure + event('failed'));
});

test('Who reads a log is given little of it at once, in whole events', () => {
  const log = createEventLog({
    set: () => true,
    refused: () => undefined,
    release: () => undefined,
  });
  const long = event('x'.repeat(60 * 1024));
  for (let at = 0; at < 3; at += 1) log.add(long);
  expect(log.from(0)).toEqual({ text: long + long, next: 2 });
  expect(log.from(2)).toEqual({ text: long, next: 3 });
  expect(log.from(3)).toEqual({ text: '', next: 3 });
  expect(log.from(9)).toEqual({ text: '', next: 9 });
});
