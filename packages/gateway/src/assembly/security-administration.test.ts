import { expect, test } from 'vitest';
import { someKey } from '../../test/support/security-fakes.ts';
import type { Caller } from '../protocol/policy.ts';
import type { Parts } from './agent-processes.ts';
import { createSecurityAdministration } from './security-administration.ts';

const admin = { keyId: 'key_admin' } as Caller;
const wanted = { name: 'alice', role: 'caller' } as const;

test('keys are made in turn, as many as may wait, and ended without a wait', async () => {
  const { promise: disk, resolve: write } = Promise.withResolvers<void>();
  const made = { record: someKey, secret: 'dg_made' };
  let making = 0;
  const manageKeys = {
    create: async () => {
      making += 1;
      await disk;
      return made;
    },
    revoke: async () => someKey,
  };
  const store = { overrides: {}, decisions: { list: async () => [] } };
  const parts = { manageKeys, store, known: {}, policy: {} } as unknown as Parts;
  const { keys } = createSecurityAdministration(parts, () => []);
  const begun = Array.from({ length: 32 }, () => keys.create(admin, wanted as never));
  await expect(keys.create(admin, wanted as never)).rejects.toMatchObject({
    code: 'rate_limited',
    message:
      'This key has 32 changes of keys and overrides that are not answered yet. Wait for one of them before you ask for more.',
  });
  expect(making).toBe(1);
  expect(await keys.revoke(admin, 'key_a1')).toBe(someKey);
  write();
  expect(await Promise.all(begun)).toHaveLength(32);
});
