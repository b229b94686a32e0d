import { describe, expect, test } from 'vitest';
import { createRunQueue, type QueueLimits } from './run-queue.ts';

const limits: QueueLimits = { maxConcurrentRuns: 2, maxQueuedRuns: 2, queueTimeoutMs: 60_000 };

/** Notes in `order` which of the named entries got their places. */
function entering(queue = createRunQueue()) {
  const order: string[] = [];
  const enter = async (
    name: string,
    more: Partial<QueueLimits> & { signal?: AbortSignal; keyId?: string } = {},
  ) => {
    const { signal, keyId = 'key_1', ...changes } = more;
    const run = { agentId: 'default/a', keyId };
    const place = await queue.enter(run, { ...limits, ...changes }, signal ? [signal] : []);
    order.push(name);
    return place;
  };
  return { queue, order, enter };
}

describe('the queue of an agent', () => {
  test('gives places at once while there are some, then in order as they become free', async () => {
    const { enter, order } = entering();
    const [first, second] = [await enter('1'), await enter('2')];
    const waiting = [enter('3'), enter('4')];
    second.leave();
    const third = await waiting[0];
    expect(order).toEqual(['1', '2', '3']);
    expect([first.hasWaited, third?.hasWaited]).toEqual([false, true]);
    first.leave();
    await waiting[1];
    expect(order).toEqual(['1', '2', '3', '4']);
  });

  test('lets nobody pass who comes while others wait', async () => {
    const { enter, order } = entering();
    const first = await enter('1', { maxConcurrentRuns: 1 });
    const second = enter('2', { maxConcurrentRuns: 1 });
    // With more room than before, but behind the one that waits.
    const third = enter('3');
    first.leave();
    (await second).leave();
    await third;
    expect(order).toEqual(['1', '2', '3']);
  });

  test('gives a place back once, however often it is left', async () => {
    const { enter } = entering();
    const place = await enter('1', { maxConcurrentRuns: 1 });
    place.leave();
    place.leave();
    await enter('2', { maxConcurrentRuns: 1 });
    await expect(enter('3', { maxConcurrentRuns: 1, maxQueuedRuns: 0 })).rejects.toMatchObject({
      code: 'overloaded',
    });
  });

  test('refuses those it has no room for, and those who waited too long', async () => {
    const { enter } = entering();
    const one = { maxConcurrentRuns: 1, maxQueuedRuns: 1 };
    await enter('1', one);
    const late = enter('2', { ...one, queueTimeoutMs: 20 });
    await expect(enter('3', one)).rejects.toMatchObject({ code: 'overloaded', param: 'model' });
    await expect(late).rejects.toMatchObject({ code: 'overloaded' });
  });

  test('lets a caller leave, or one that has left already', async () => {
    const { enter, order } = entering();
    const one = { maxConcurrentRuns: 1, maxQueuedRuns: 2 };
    const first = await enter('1', one);
    const abort = new AbortController();
    const second = enter('2', { ...one, signal: abort.signal });
    const third = enter('3', one);
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'run_cancelled' });
    await expect(enter('4', { ...one, signal: abort.signal })).rejects.toMatchObject({
      code: 'run_cancelled',
    });
    first.leave();
    await third;
    expect(order).toEqual(['1', '3']);
  });

  test('gives the keys their places in turn, and those of a key in order', async () => {
    const { enter, order } = entering();
    const one = { maxConcurrentRuns: 1, maxQueuedRuns: 9 };
    const first = await enter('1', one);
    const waiting = ['greedy 1', 'greedy 2', 'greedy 3', 'late 1', 'late 2', 'last'].map((name) =>
      enter(name, { ...one, keyId: name.split(' ')[0] ?? '' }).then((place) => place.leave()),
    );
    first.leave();
    await Promise.all(waiting);
    expect(order).toEqual(['1', 'greedy 1', 'late 1', 'last', 'greedy 2', 'late 2', 'greedy 3']);
  });

  test('keeps no key out that has fewer waiting than another: the newest of that one gives way', async () => {
    const { enter, order } = entering();
    const one = { maxConcurrentRuns: 1, maxQueuedRuns: 3 };
    const first = await enter('1', one);
    const greedy = ['a', 'b', 'c'].map((name) => enter(name, { ...one, keyId: 'greedy' }));
    await expect(enter('d', { ...one, keyId: 'greedy' })).rejects.toMatchObject({
      code: 'overloaded',
    });
    const other = enter('other', { ...one, keyId: 'other' });
    await expect(greedy[2]).rejects.toMatchObject({ code: 'overloaded' });
    await expect(enter('other 2', { ...one, keyId: 'other' })).rejects.toMatchObject({
      code: 'overloaded',
    });
    first.leave();
    (await greedy[0])?.leave();
    (await other).leave();
    await greedy[1];
    expect(order).toEqual(['1', 'a', 'other', 'b']);
  });

  test('keeps no other agent waiting', async () => {
    const { enter, queue } = entering();
    await enter('1', { maxConcurrentRuns: 1 });
    const other = await queue.enter(
      { agentId: 'default/b', keyId: 'key_1' },
      { ...limits, maxConcurrentRuns: 1 },
      [],
    );
    expect(other.hasWaited).toBe(false);
  });
});
