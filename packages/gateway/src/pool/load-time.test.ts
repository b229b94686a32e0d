import { expect, test } from 'vitest';
import { busiestOf } from '../system/processes.ts';
import { afterLoadTime, createWaitingCheck } from './load-time.ts';

const ran = (ranMs: number, heldUpMs: number) => ({ ranMs, heldUpMs });

test('what a load waited for a CPU is not counted as its time', async () => {
  let waitedMs = 100;
  const startedAtMs = performance.now();
  await new Promise<void>((resolve) => {
    afterLoadTime(() => ran(5, waitedMs), 10, resolve);
    waitedMs += 50;
  });
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(59);
});

test('a load on a machine that is too busy for it ends all the same', async () => {
  let looks = 0;
  await new Promise<void>((resolve) => {
    afterLoadTime(() => ran(0, looks++ * 1e6), 1, resolve);
  });
  expect(looks).toBeGreaterThanOrEqual(2);
});

test.each([
  ['one that runs works', [ran(0, 0), ran(900, 0)], false],
  ['one that others keep from running works', [ran(0, 0), ran(10, 900)], false],
  ['one that does hardly anything waits', [ran(700, 40), ran(720, 50)], true],
  ['one that nobody knows of waits', [null, null], true],
])('%s', (_, seen, expected) => {
  const times = [0, 1000];
  const isWaiting = createWaitingCheck(
    () => seen.shift() ?? null,
    () => times.shift() ?? 0,
  );
  expect(isWaiting()).toBe(expected);
});

test.runIf(process.platform === 'linux')('the time of a process is what its system counts', () => {
  const before = busiestOf(process.pid);
  const endsAtMs = process.cpuUsage().user + 20_000;
  while (process.cpuUsage().user < endsAtMs);
  expect(Number(busiestOf(process.pid)?.ranMs)).toBeGreaterThan(Number(before?.ranMs) + 10);
  expect(busiestOf(2 ** 30)).toBeNull();
});
