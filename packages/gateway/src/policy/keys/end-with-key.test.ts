import { expect, test } from 'vitest';
import { openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayError } from '../../errors.ts';
import type { Caller, KeyRecord } from '../../protocol/policy.ts';
import { endWithKey } from './end-with-key.ts';

/** A gateway with two keys, and a verb whose runs say one thing and then wait for being cancelled. */
async function opened() {
  const folder = await tempFolder();
  const kit = await openKeys(folder);
  await kit.known.start();
  const [alice, bob] = [await make('alice'), await make('bob')];
  const cancelled: [string, string | GatewayError][] = [];
  const start = endWithKey(kit.known, async (caller, whenStarted?: () => Promise<unknown>) => {
    await whenStarted?.();
    const ended = Promise.withResolvers<void>();
    const cancel = (reason: string | GatewayError) => {
      cancelled.push([caller.keyName, reason]);
      ended.resolve();
    };
    return { id: `run of ${caller.keyName}`, events: saying(ended.promise), cancel };
  });
  async function make(name: string): Promise<KeyRecord> {
    return (await kit.keys.create({ name, role: 'caller', createdBy: 'cli:test' })).record;
  }
  return { ...kit, folder, alice, bob, cancelled, start };
}

async function* saying(ended: Promise<void>) {
  yield 'Hel';
  await ended;
}

function callerOf({ id, name, role, namespaces, agents }: KeyRecord): Caller {
  return { keyId: id, keyName: name, role, namespaces, agents, requestId: 'req_1' };
}

const revoked = expect.objectContaining({
  code: 'key_invalid',
  message: 'The API key was revoked, which ended this run.',
});

test('a run ends when its key is revoked, and those of other keys go on', async () => {
  const { start, alice, bob, keys, cancelled } = await opened();
  const run = await start(callerOf(alice), undefined);
  await start(callerOf(bob), undefined);
  const said: string[] = [];
  for await (const event of run.events) {
    said.push(event);
    await keys.revoke(alice.id);
  }
  expect(said).toEqual(['Hel']);
  expect(cancelled).toEqual([['alice', revoked]]);
});

test('a run ends when its key is revoked by another process', async () => {
  const { start, alice, folder, cancelled } = await opened();
  await start(callerOf(alice), undefined);
  const there = await openKeys(folder);
  await there.keys.revoke(alice.id);
  await expect.poll(() => cancelled).toEqual([['alice', revoked]]);
});

test('a run that waited for its turn while its key was revoked does not begin', async () => {
  const { start, alice, keys, cancelled } = await opened();
  const starting = start(callerOf(alice), () => keys.revoke(alice.id));
  await expect(starting).rejects.toThrow(revoked);
  expect(cancelled).toEqual([['alice', revoked]]);
});

test('a key that is replaced or expires, and one that nobody keeps, lets its runs finish', async () => {
  const { start, alice, keys, cancelled, known } = await opened();
  await start(callerOf(alice), undefined);
  await start({ ...callerOf(alice), keyId: 'local_cli' }, undefined);
  await keys.rotate(alice.id, { overlapSeconds: 0, createdBy: 'cli:test' });
  expect(known.find(alice.id)?.expiresAtSeconds).toBe(1_000_000);
  expect(cancelled).toEqual([]);
});

test('a run that is over is not ended again', async () => {
  const { start, alice, keys, cancelled } = await opened();
  const run = await start(callerOf(alice), undefined);
  for await (const _event of run.events) break;
  (await start(callerOf(alice), undefined)).cancel('the caller left');
  await keys.revoke(alice.id);
  expect(cancelled).toEqual([['alice', 'the caller left']]);
});
