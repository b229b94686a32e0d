import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../test/acceptance/until.ts';
import { openKey, override } from '../../test/contracts/store-samples.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import type { Store } from '../protocol/store.ts';
import { openStore } from '../storage/open-store.ts';
import { createFollowStore, type FollowStoreDeps } from './follow-store.ts';

/** Two connections to one store, and what one of them follows. The store can be taken away. */
async function followed() {
  const url = `sqlite:${join(await tempFolder(), 'gateway.db')}`;
  const [here, there] = [await openStore(url), await openStore(url)];
  const events: GatewayEvent[] = [];
  const state = { isAway: false, nowMs: 1000, asked: 0 };
  const listeners = new Set<() => void>();
  const store: FollowStoreDeps['store'] = {
    async versions() {
      state.asked += 1;
      if (state.isAway) throw new Error('The store is away.');
      return here.versions();
    },
    onNotification(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const followStore = createFollowStore({
    store,
    steadyMs: () => state.nowMs,
    emit: (event) => events.push(event),
  });
  onTestFinished(async () => {
    followStore.close();
    await Promise.all([here.close(), there.close()]);
  });
  return { here, there, followStore, events, state, listeners };
}

/** The ids of the keys as they were last read, and how often. */
function keysOf(store: Store) {
  const known = { ids: [] as string[], reads: 0 };
  const read = async () => {
    known.ids = (await store.keys.list()).map(({ id }) => id);
    known.reads += 1;
  };
  return { known, read };
}

const faults = (events: readonly GatewayEvent[]) =>
  events.map((event) => event.type === 'fault_survived' && [event.where, String(event.error)]);

test('reads a part at first and whenever somebody else changed it, and no other part', async () => {
  const { here, there, followStore, events } = await followed();
  const { known, read } = keysOf(here);
  let overrideReads = 0;
  await followStore.follow('keys', read);
  await followStore.follow('overrides', async () => {
    overrideReads += 1;
  });
  expect([known.reads, overrideReads]).toEqual([1, 1]);
  await there.keys.insert(openKey);
  await until('the key', () => known.ids.includes(openKey.id));
  await there.overrides.insert(override);
  await until('the override', () => overrideReads === 2);
  expect([known.reads, events]).toEqual([2, []]);
});

test('has a change made here in memory when the reading after it is done', async () => {
  const { here, followStore } = await followed();
  const { known, read } = keysOf(here);
  const changed = await followStore.follow('keys', read);
  await here.keys.insert(openKey);
  await changed();
  expect(known.ids).toEqual([openKey.id]);
});

test('never lets an older reading replace a newer one', async () => {
  const { here, followStore } = await followed();
  const known: string[][] = [];
  let running = 0;
  const changed = await followStore.follow('keys', async () => {
    running += 1;
    expect(running).toBe(1);
    known.push((await here.keys.list()).map(({ id }) => id));
    running -= 1;
  });
  const insert = async (id: string) => {
    await here.keys.insert({ ...openKey, id, hash: id });
    await changed();
  };
  await Promise.all(['key_a', 'key_b', 'key_c'].map(insert));
  expect(known.at(-1)).toEqual(['key_a', 'key_b', 'key_c']);
});

test('asks at once where the store hints, once for many hints', async () => {
  const { here, there, followStore, state, listeners } = await followed();
  const { known, read } = keysOf(here);
  await followStore.follow('keys', read);
  await there.keys.insert(openKey);
  state.asked = 0;
  for (let hint = 0; hint < 1000; hint++) for (const tell of listeners) tell();
  await until('the key', () => known.ids.length === 1);
  expect(state.asked).toBeLessThan(20);
});

test('keeps what is known while the store is away, says so once and how long', async () => {
  const { here, there, followStore, events, state } = await followed();
  const { known, read } = keysOf(here);
  await there.keys.insert(openKey);
  await followStore.follow('keys', read);
  expect(followStore.awayForMs()).toBe(0);
  state.isAway = true;
  state.nowMs = 8000;
  const asked = state.asked;
  await until('asking three times', () => state.asked >= asked + 3);
  expect(followStore.awayForMs()).toBe(7000);
  expect(known.ids).toEqual([openKey.id]);
  expect(faults(events)).toEqual([['following the store', 'Error: The store is away.']]);
  await there.keys.revoke(openKey.id, 5);
  state.isAway = false;
  await until('the store to be back', () => followStore.awayForMs() === 0);
  expect(known.reads).toBe(2);
});

test('reads the other parts where one cannot be read, and that one again', async () => {
  const { here, there, followStore, events } = await followed();
  let failures = 2;
  let rulesRead = false;
  let isFirst = true;
  await followStore.follow('rules', async () => {
    if (!isFirst && failures-- > 0) throw new Error('No rules today.');
    rulesRead = !isFirst;
    isFirst = false;
  });
  const { known, read } = keysOf(here);
  await followStore.follow('keys', read);
  await there.announceRules();
  await there.keys.insert(openKey);
  await until('the key', () => known.ids.includes(openKey.id));
  await until('the rules', () => rulesRead);
  await until('all to be known', () => followStore.awayForMs() === 0);
  expect(faults(events)).toEqual([['following the store', 'Error: No rules today.']]);
});

test('rejects where a part cannot be read at first, and listens to nothing once it is closed', async () => {
  const { here, followStore, state, listeners } = await followed();
  state.isAway = true;
  const { known, read } = keysOf(here);
  await expect(followStore.follow('keys', read)).rejects.toThrow('The store is away.');
  state.isAway = false;
  await followStore.follow('keys', read);
  expect([listeners.size, known.reads]).toEqual([1, 1]);
  followStore.close();
  expect(listeners.size).toBe(0);
});
