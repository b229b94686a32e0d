import { expect, test } from 'vitest';
import { createShutdownDelay } from './shutdown-delay.ts';

function polled(settingMs: number | null, { asked, agoMs }: { asked: number; agoMs: number }) {
  let clockMs = 0;
  const delay = createShutdownDelay({ settingMs, ready: () => 'ready', nowMs: () => clockMs });
  for (let at = 0; at < asked; at++) delay.tell();
  clockMs = agoMs;
  return delay;
}

test.each([
  ['a load balancer asks again and again', { asked: 20, agoMs: 2000 }, 5000],
  ['somebody only waited for the start', { asked: 1, agoMs: 2000 }, 0],
  ['nobody asks any more', { asked: 20, agoMs: 61_000 }, 0],
  ['nobody ever asked', { asked: 0, agoMs: 0 }, 0],
])('by itself the port stays open where %s', (_who, polls, expectedMs) => {
  expect(polled(null, polls).begin()).toBe(expectedMs);
});

test('a setting wins over what was seen', () => {
  expect(polled(0, { asked: 20, agoMs: 0 }).begin()).toBe(0);
  expect(polled(700, { asked: 0, agoMs: 0 }).begin()).toBe(700);
});

test('it tells that it leaves from the beginning of the delay on', () => {
  const delay = polled(700, { asked: 2, agoMs: 0 });
  expect(delay.tell()).toBe('ready');
  delay.begin();
  expect(delay.tell()).toBe('draining');
});

test('questions during the start count for nothing', () => {
  const delay = createShutdownDelay({ settingMs: null, ready: () => 'starting' });
  for (let asked = 0; asked < 20; asked++) expect(delay.tell()).toBe('starting');
  expect(delay.begin()).toBe(0);
});
