import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openKey } from '../../test/contracts/store-samples.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import { openStore } from '../storage/open-store.ts';
import { createKeyUse, type KeyUseDeps } from './key-use.ts';

const startMs = 1_800_000_000_000;

function ended(keyId: string | null): GatewayEvent {
  return {
    type: 'request_ended',
    requestId: 'req_a',
    clientRequestId: null,
    clientAddress: null,
    keyId,
    method: 'POST',
    path: '/v1/chat/completions',
    route: '/v1/chat/completions',
    status: 200,
    durationMs: 5,
    run: null,
    code: null,
  };
}

function keyUse(store: KeyUseDeps['store']) {
  const clock = { nowMs: startMs };
  const faults: string[] = [];
  const use = createKeyUse({
    store,
    nowMs: () => clock.nowMs,
    emit: (event) => {
      if (event.type === 'fault_survived') faults.push(`${event.where}: ${event.error}`);
    },
  });
  return { use, clock, faults };
}

test('notes the minute of the last request of a key, within moments and unasked', async () => {
  const store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
  onTestFinished(() => store.close());
  await store.keys.insert(openKey);
  const { use, clock } = keyUse(store.keys);
  clock.nowMs += 59_999;
  use.listener(ended(openKey.id));
  const lastUse = async () => (await store.keys.list())[0]?.lastUsedAtSeconds;
  await expect.poll(lastUse).toBe(startMs / 1000);
  clock.nowMs += 60_000;
  use.listener(ended(openKey.id));
  await use.flush();
  expect(await lastUse()).toBe(startMs / 1000 + 60);
});

test('writes the keys of a minute together and each once', async () => {
  const written: [string, number][][] = [];
  const { use, clock } = keyUse({ touch: async (uses) => void written.push([...uses]) });
  const minute = startMs / 1000;
  for (const keyId of ['key_a', 'key_b', 'key_a', null]) use.listener(ended(keyId));
  await use.flush();
  use.listener(ended('key_a'));
  await use.flush();
  clock.nowMs += 60_000;
  use.listener(ended('key_a'));
  await use.flush();
  expect(written).toEqual([
    [
      ['key_a', minute],
      ['key_b', minute],
    ],
    [['key_a', minute + 60]],
  ]);
});

test('survives a store that is away, and says so', async () => {
  const { use, faults } = keyUse({
    touch: async () => {
      throw new Error('The store is away.');
    },
  });
  use.listener(ended('key_a'));
  await use.flush();
  expect(faults).toEqual(['noting the use of keys: Error: The store is away.']);
});
