import { expect, test } from 'vitest';
import { createResultCache } from './result-cache.ts';

const { signal } = new AbortController();

test('a result is kept for its time, and asked for anew when that is over', async () => {
  let nowMs = 0;
  const cache = createResultCache({ ttlMs: 1000, maxEntries: 10, nowMs: () => nowMs });
  const ask = (text: string) => cache.get('a', signal, async () => text);
  expect(await ask('one')).toEqual({ text: 'one', cache: 'miss' });
  nowMs = 999;
  expect(await ask('two')).toEqual({ text: 'one', cache: 'hit' });
  nowMs = 1000;
  expect(await ask('three')).toEqual({ text: 'three', cache: 'miss' });
});

test('what was used longest ago makes room', async () => {
  const cache = createResultCache({ ttlMs: 1000, maxEntries: 2, nowMs: () => 0 });
  const ask = async (key: string) => (await cache.get(key, signal, async () => key)).cache;
  for (const key of ['a', 'b', 'a', 'c']) await ask(key);
  expect([await ask('a'), await ask('b')]).toEqual(['hit', 'miss']);
});
