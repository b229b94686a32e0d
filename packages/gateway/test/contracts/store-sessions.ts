import { expect, test } from 'vitest';
import type { SessionRecord } from '../../src/protocol/console/session-store.ts';
import type { OpenAgain } from './store-contract.ts';

const session: SessionRecord = {
  hash: 'a1',
  kind: 'session',
  keyId: 'key_a',
  createdAtSeconds: 1000,
  lastUsedAtSeconds: 1000,
  endsAtSeconds: 9000,
};

/** What every store does with logins of the console. */
export function sessionTests(open: OpenAgain): void {
  test('are found by whoever shares the store, with their last use, until one takes them out', async () => {
    const [one, other] = [(await open()).sessions, (await open()).sessions];
    await one.insert(session);
    await other.touch('a1', 1300.7);
    await one.touch('a1', 1200);
    expect(await other.find('a1')).toEqual({ ...session, lastUsedAtSeconds: 1300 });
    const taken = await Promise.all([one.take('a1'), other.take('a1')]);
    expect(taken.filter((record) => record !== null)).toHaveLength(1);
    expect(await one.find('a1')).toBeNull();
  });

  test('go when they are over, links by their end alone', async () => {
    const { sessions } = await open();
    const link = { ...session, hash: 'l1', kind: 'link' } as const;
    await sessions.insert(session);
    await sessions.insert(link);
    await sessions.insert({ ...session, hash: 'a2', lastUsedAtSeconds: 2000 });
    await sessions.insert({ ...session, hash: 'a3', lastUsedAtSeconds: 2000, endsAtSeconds: 1500 });
    await sessions.prune({ endedBySeconds: 1500, unusedSinceSeconds: 1000 });
    const left = await Promise.all(['a1', 'l1', 'a2', 'a3'].map((hash) => sessions.find(hash)));
    expect(left.map((record) => record?.hash)).toEqual([undefined, 'l1', 'a2', undefined]);
  });

  test('are the newest hundred of a key', async () => {
    const { sessions } = await open();
    for (let at = 0; at <= 100; at += 1)
      await sessions.insert({ ...session, hash: `b${at}`, createdAtSeconds: at });
    const [first, second] = await Promise.all([sessions.find('b0'), sessions.find('b1')]);
    expect([first, second?.hash]).toEqual([null, 'b1']);
  });
}
