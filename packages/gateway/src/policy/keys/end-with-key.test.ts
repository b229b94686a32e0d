import { expect, test } from 'vitest';
import { openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayError } from '../../errors.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import { createRunsOfKeys } from './end-with-key.ts';

/** A gateway with two keys, and the failures that their runs were ended with. */
async function opened() {
  const folder = await tempFolder();
  const kit = await openKeys(folder);
  await kit.known.start();
  const [alice, bob] = [await make('alice'), await make('bob')];
  const cancelled: [string, GatewayError][] = [];
  const { endWithKey } = createRunsOfKeys(kit.known);
  const start = ({ id }: { id: string }, name: string) =>
    endWithKey({ keyId: id }, (failure) => cancelled.push([name, failure]));
  async function make(name: string): Promise<KeyRecord> {
    return (await kit.keys.create({ name, role: 'caller', createdBy: 'cli:test' })).record;
  }
  return { ...kit, folder, alice, bob, cancelled, start };
}

const revoked = expect.objectContaining({
  code: 'key_invalid',
  message: 'The API key was revoked, which ended this run.',
});

test('a run ends when its key is revoked, and those of other keys go on', async () => {
  const { start, alice, bob, keys, cancelled } = await opened();
  start(alice, 'alice');
  start(bob, 'bob');
  await keys.revoke(alice.id);
  expect(cancelled).toEqual([['alice', revoked]]);
});

test('a run ends when its key is revoked by another process', async () => {
  const { start, alice, folder, cancelled } = await opened();
  start(alice, 'alice');
  const there = await openKeys(folder);
  await there.keys.revoke(alice.id);
  await expect.poll(() => cancelled).toEqual([['alice', revoked]]);
});

test('no run begins whose key is revoked already', async () => {
  const { start, alice, keys, cancelled } = await opened();
  await keys.revoke(alice.id);
  expect(() => start(alice, 'alice')).toThrow(revoked);
  expect(cancelled).toEqual([]);
});

test('a key that is replaced or expires, and one that nobody keeps, lets its runs finish', async () => {
  const { start, alice, keys, cancelled, known } = await opened();
  start(alice, 'alice');
  start({ id: 'local_cli' }, 'cli');
  await keys.rotate(alice.id, { overlapSeconds: 0, createdBy: 'cli:test' });
  expect(known.find(alice.id)?.expiresAtSeconds).toBe(1_000_000);
  expect(cancelled).toEqual([]);
});

test('a run that is over is not ended again', async () => {
  const { start, alice, keys, cancelled } = await opened();
  start(alice, 'first')();
  start(alice, 'second');
  await keys.revoke(alice.id);
  expect(cancelled).toEqual([['second', revoked]]);
});
