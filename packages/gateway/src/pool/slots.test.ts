import { expect, test } from 'vitest';
import { createSlots } from './slots.ts';

test('lets as many in as there are slots, the rest in order', async () => {
  const slots = createSlots({ count: 2, giveBackAfterMs: 60_000 });
  const entered: string[] = [];
  const enter = async (name: string): Promise<() => void> => {
    const release = await slots.acquire();
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
  const slots = createSlots({ count: 1, giveBackAfterMs: 60_000 });
  const release = await slots.acquire();
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

test('takes a slot back from whoever holds it for too long', async () => {
  const slots = createSlots({ count: 1, giveBackAfterMs: 10 });
  const release = await slots.acquire();
  await slots.acquire();
  release();
  await slots.acquire();
});
