import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createChangeBatch } from './change-batch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a change batch', () => {
  test('is given out once it was quiet', () => {
    const { batch, given } = setUp();
    batch.add('/a', 'there');
    vi.advanceTimersByTime(49);
    batch.add('/b', 'there');
    vi.advanceTimersByTime(49);
    expect(given).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(given).toEqual([['/a', '/b']]);
  });

  test('waits longer while something in it is gone', () => {
    const { batch, given } = setUp();
    batch.add('/a', 'gone');
    vi.advanceTimersByTime(149);
    expect(given).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(given).toEqual([['/a']]);
  });

  test('waits no longer once what was gone is back', () => {
    const { batch, given } = setUp();
    batch.add('/a', 'gone');
    batch.add('/a', 'there');
    vi.advanceTimersByTime(50);
    expect(given).toEqual([['/a']]);
  });

  test('forgets what was gone in the batch before', () => {
    const { batch, given } = setUp();
    batch.add('/a', 'gone');
    vi.advanceTimersByTime(150);
    batch.add('/b', 'there');
    vi.advanceTimersByTime(50);
    expect(given).toEqual([['/a'], ['/b']]);
  });

  test('is prolonged by what it holds, and by nothing else', () => {
    const { batch, given } = setUp();
    batch.prolong('/a');
    batch.add('/a', 'there');
    vi.advanceTimersByTime(40);
    batch.prolong('/a');
    vi.advanceTimersByTime(40);
    batch.prolong('/b');
    expect(given).toEqual([]);
    vi.advanceTimersByTime(10);
    expect(given).toEqual([['/a']]);
  });

  test('is given out at the latest after its time, and the next one begins anew', () => {
    const { batch, given } = setUp();
    for (let elapsedMs = 0; elapsedMs < 1000; elapsedMs += 25) {
      batch.add(elapsedMs < 500 ? '/first' : '/second', 'there');
      vi.advanceTimersByTime(25);
    }
    expect(given).toEqual([['/first'], ['/second']]);
  });

  test('is dropped by closing', () => {
    const { batch, given } = setUp();
    batch.add('/a', 'there');
    batch.close();
    batch.add('/b', 'there');
    batch.prolong('/a');
    vi.advanceTimersByTime(1000);
    expect(given).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

function setUp() {
  const given: string[][] = [];
  const batch = createChangeBatch({
    quietMs: 50,
    goneQuietMs: 150,
    latestMs: 500,
    onBatch: (changed) => given.push([...changed]),
  });
  return { batch, given };
}
