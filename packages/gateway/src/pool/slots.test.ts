import { expect, test } from 'vitest';
import { createSlots } from './slots.ts';

test('lets as many in as there are slots, the rest in order', async () => {
  const slots = createSlots({ count: 2, lookEveryMs: 60_000 });
  const entered: string[] = [];
  const enter = async (name: string): Promise<() => void> => {
    const { release } = await slots.acquire();
    entered.push(name);
    return release;
  };
  const [first, second] = await Promise.all([enter('a'), enter('b')]);
  const waiting = [enter('c'), enter('d')];
  expect(entered).toEqual(['a', 'b']);
  second();
  await waiting[0];
  expect(entered).toEqual(['a', 'b', 'c']);
  first();
  await waiting[1];
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});

test('gives a slot back once, however often it is released', async () => {
  const slots = createSlots({ count: 1, lookEveryMs: 60_000 });
  const { release } = await slots.acquire();
  release();
  release();
  await slots.acquire();
  let isThirdIn = false;
  void slots.acquire().then(() => {
    isThirdIn = true;
  });
  await new Promise(setImmediate);
  expect(isThirdIn).toBe(false);
});

test('takes a slot back from whoever only waits, and from nobody else', async () => {
  const slots = createSlots({ count: 1, lookEveryMs: 1 });
  const slot = await slots.acquire();
  let looks = 0;
  let isSecondIn = false;
  const second = slots.acquire().then((next) => {
    isSecondIn = true;
    return next;
  });
  const wereIn: boolean[] = [];
  slot.watch(() => {
    wereIn.push(isSecondIn);
    looks += 1;
    return looks === 3;
  });
  const { release } = await second;
  expect(wereIn).toEqual([false, false, false]);
  slot.release();
  release();
  await slots.acquire();
});
