import { expect, test } from 'vitest';
import { shareNext } from './share-next.ts';

/** Work of which each time ends when it is told to. */
function counted() {
  const times: { readonly end: () => void; readonly fail: () => void }[] = [];
  const ask = shareNext(() => {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const time = times.length + 1;
    times.push({ end: () => resolve(time), fail: () => reject(new Error(`Time ${time} failed.`)) });
    return promise;
  });
  return { ask, times };
}

test('many who ask while work is done share in the next time', async () => {
  const { ask, times } = counted();
  const first = ask();
  const others = Array.from({ length: 100 }, ask);
  times[0]?.end();
  expect(await first).toBe(1);
  await expect.poll(() => times.length).toBe(2);
  const late = ask();
  times[1]?.end();
  expect(new Set(await Promise.all(others))).toEqual(new Set([2]));
  await expect.poll(() => times.length).toBe(3);
  times[2]?.end();
  expect(await late).toBe(3);
});

test('work that never gives way is shared by all who ask in the same turn', async () => {
  let times = 0;
  const ask = shareNext(async () => {
    times += 1;
  });
  const asked: Promise<void>[] = [];
  for (let index = 0; index < 100; index += 1) {
    asked.push(ask());
    await asked[0];
  }
  await Promise.all(asked);
  expect(times).toBe(2);
});

test('work that failed is done again for whoever asks next', async () => {
  const { ask, times } = counted();
  const first = ask();
  const next = ask();
  times[0]?.fail();
  await expect(first).rejects.toThrow('Time 1 failed.');
  await expect.poll(() => times.length).toBe(2);
  times[1]?.end();
  expect(await next).toBe(2);
});

test('who asks when nothing is done begins at once', async () => {
  const { ask, times } = counted();
  const first = ask();
  times[0]?.end();
  await first;
  const second = ask();
  await expect.poll(() => times.length).toBe(2);
  times[1]?.end();
  expect(await second).toBe(2);
});
