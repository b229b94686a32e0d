import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { GatewayEvent } from '../../events.ts';
import { createRateLimit } from './rate-limit.ts';

const alone = { shared: null, nowMs: Date.now, emit: () => undefined };

beforeEach(() => void vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => void vi.useRealTimers());

test('lets so many requests pass in a minute, and again in the next', async () => {
  const { take } = createRateLimit(alone);
  expect(await take('a', 2)).toEqual({
    limit: 2,
    remaining: 1,
    resetMs: 60_000,
    isExceeded: false,
  });
  vi.setSystemTime(1_800_000_020_000);
  expect(await take('a', 2)).toMatchObject({ remaining: 0, resetMs: 40_000, isExceeded: false });
  expect(await take('a', 2)).toMatchObject({ remaining: 0, resetMs: 40_000, isExceeded: true });
  vi.setSystemTime(1_800_000_060_000);
  expect(await take('a', 2)).toMatchObject({ remaining: 1, resetMs: 60_000, isExceeded: false });
});

test('counts each account for itself, and keeps the count of one whose limit changes', async () => {
  const { take } = createRateLimit(alone);
  await take('a', 1);
  expect(await take('b', 1)).toMatchObject({ isExceeded: false });
  expect(await take('a', 1)).toMatchObject({ isExceeded: true });
  expect(await take('a', 5)).toMatchObject({ remaining: 2, isExceeded: false });
});

test('lets exactly as many pass as there may be, however many come at once', async () => {
  const { take } = createRateLimit(alone);
  const readings = await Promise.all(Array.from({ length: 200 }, () => take('a', 50)));
  expect(readings.filter(({ isExceeded }) => !isExceeded)).toHaveLength(50);
});

test('counts with the gateways it shares a store with, and alone while that is away, which is told once', async () => {
  const told: GatewayEvent[] = [];
  let isAway = false;
  let requests = 7;
  const { take } = createRateLimit({
    shared: async () => {
      if (isAway) throw new Error('away');
      return { requests: ++requests, endsAtMs: Date.now() + 500 };
    },
    nowMs: Date.now,
    emit: (event) => told.push(event),
  });
  expect(await take('a', 10)).toEqual({
    limit: 10,
    remaining: 2,
    resetMs: 500,
    isExceeded: false,
  });
  isAway = true;
  expect(await take('a', 10)).toMatchObject({ remaining: 9, resetMs: 60_000 });
  expect(await take('a', 10)).toMatchObject({ remaining: 8 });
  expect(told).toMatchObject([{ type: 'fault_survived', where: 'counting requests' }]);
  isAway = false;
  expect(await take('a', 10)).toMatchObject({ remaining: 1, resetMs: 500 });
});
