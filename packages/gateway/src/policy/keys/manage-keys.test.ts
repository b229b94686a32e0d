import { describe, expect, test } from 'vitest';
import { openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { Actor, KeyRecord } from '../../protocol/policy.ts';
import { createManageKeys } from './manage-keys.ts';
import type { NewKey } from './new-key.ts';

const defaultLimits = {
  requestsPerMinute: 100,
  concurrentRuns: null,
  tokensPerDay: null,
  tokensPerMonth: null,
  usdPerDay: null,
  usdPerMonth: null,
};

/** Keys with a manager that reaches the namespace `labs` only, and one that reaches all. */
async function open(scoped: Partial<NewKey> = {}) {
  const clock = { seconds: 1_000_000 };
  const { keys, known } = await openKeys(await tempFolder(), clock);
  const manage = createManageKeys({
    keys,
    known,
    limitsOfToken: (principal) => ({
      ...defaultLimits,
      requestsPerMinute: principal === 'oidc:corp:slow' ? 5 : null,
    }),
    defaultRunLimits: () => ({}),
    defaultLimits: () => defaultLimits,
    nowSeconds: () => clock.seconds,
  });
  const made = { createdBy: 'cli:test', role: 'admin' } as const;
  const root = await keys.create({ ...made, name: 'root' });
  const labs = await keys.create({ ...made, name: 'labs', namespaces: ['labs'], ...scoped });
  return { clock, known, keys, manage, root: actorOf(root.record), labs: actorOf(labs.record) };
}

function actorOf({ id, name, role, namespaces, agents }: KeyRecord): Actor {
  return { id, principal: { type: 'key', id, name, role, namespaces, agents } };
}

describe('a manager of keys', () => {
  test('makes keys within its reach, in its own name', async () => {
    const { manage, labs, known } = await open();
    const { record, secret } = await manage.create(labs, {
      name: 'bob',
      role: 'caller',
      namespaces: ['labs'],
    });
    expect(record).toMatchObject({ createdBy: labs.id, namespaces: ['labs'] });
    expect(known.authenticate(secret)?.id).toBe(record.id);
  });

  test('makes none wider than itself', async () => {
    const { manage, labs, keys } = await open({ limits: { concurrentRuns: 2 } });
    const key = {
      name: 'bob',
      role: 'admin',
      namespaces: ['labs'],
      limits: { concurrentRuns: 2 },
    } as const;
    for (const [param, changes] of [
      ['namespaces', { namespaces: ['labs', 'ops'] }],
      ['limits', { limits: { concurrentRuns: 3 } }],
      ['limits', { limits: { concurrentRuns: 2, requestsPerMinute: 101 } }],
    ] as const) {
      await expect(manage.create(labs, { ...key, ...changes })).rejects.toMatchObject({
        code: 'not_allowed',
        param,
      });
    }
    await expect(manage.create(labs, { name: 'x', role: 'admin' })).rejects.toMatchObject({
      param: 'namespaces',
    });
    expect(await keys.list()).toHaveLength(2);
  });

  test('makes none that outlives itself, nor by a rotation', async () => {
    const { manage, labs, keys, clock } = await open({ expiresAtSeconds: 1_001_000 });
    const key = { role: 'caller', namespaces: ['labs'] } as const;
    await expect(manage.create(labs, key)).rejects.toMatchObject({ param: 'expires_at' });
    const { record } = await keys.create({ ...key, createdBy: 'x', expiresAtSeconds: 1_000_900 });
    clock.seconds = 1_000_200;
    await expect(manage.rotate(labs, record.id, { overlapSeconds: 0 })).rejects.toMatchObject({
      code: 'not_allowed',
      param: 'expires_at',
    });
    await expect(manage.rotate(labs, labs.id, { overlapSeconds: 0 })).rejects.toMatchObject({
      code: 'not_allowed',
    });
  });

  test('may have a token in place of a key, and then keeps to the limits of that', async () => {
    const { manage } = await open();
    const principal = {
      type: 'key',
      name: '',
      role: 'admin',
      namespaces: null,
      agents: null,
    } as const;
    const holder = (id: string): Actor => ({ id, principal: { ...principal, id } });
    const fast = { role: 'caller', limits: { requestsPerMinute: 50 } } as const;
    await expect(manage.create(holder('oidc:corp:slow'), fast)).rejects.toMatchObject({
      code: 'not_allowed',
      param: 'limits',
    });
    const { record } = await manage.create(holder('oidc:corp:other'), fast);
    expect(record).toMatchObject({ createdBy: 'oidc:corp:other', expiresAtSeconds: null });
  });

  test('gives no key the name of another that is in use', async () => {
    const { manage, root } = await open();
    const key = { name: 'bob', role: 'caller' } as const;
    const { record } = await manage.create(root, key);
    await expect(manage.create(root, key)).rejects.toMatchObject({
      code: 'invalid_value',
      param: 'name',
    });
    await manage.revoke(root, record.id);
    await expect(manage.create(root, key)).resolves.toMatchObject({ record: { name: 'bob' } });
  });

  test('sees, rotates and revokes no key beyond its reach, as if there were none', async () => {
    const { manage, root, labs, known } = await open();
    expect((await manage.list(root)).map(({ name }) => name).toSorted()).toEqual(['labs', 'root']);
    expect((await manage.list(labs)).map(({ name }) => name)).toEqual(['labs']);
    for (const attempt of [
      () => manage.rotate(labs, root.id, { overlapSeconds: 0 }),
      () => manage.revoke(labs, root.id),
      () => manage.revoke(labs, 'key_none'),
    ]) {
      await expect(attempt()).rejects.toMatchObject({
        code: 'record_not_found',
        message: 'There is no such key. List the keys to see their ids.',
      });
    }
    expect(known.find(root.id)?.revokedAtSeconds).toBeNull();
  });

  test('revokes a key once and finds that done a second time', async () => {
    const { manage, root, labs, known, clock } = await open();
    expect(await manage.revoke(root, labs.id)).toMatchObject({ id: labs.id });
    clock.seconds += 5;
    await manage.revoke(root, labs.id);
    expect(known.find(labs.id)?.revokedAtSeconds).toBe(1_000_000);
  });

  test('from this machine’s own command line reaches all', async () => {
    const { manage } = await open();
    const principal = { type: 'key', id: 'local_cli', name: 'cli', role: 'admin' } as const;
    const cli = { id: 'local_cli', principal: { ...principal, namespaces: null, agents: null } };
    const { record } = await manage.create(cli, { role: 'admin' });
    expect(await manage.revoke(cli, record.id)).toMatchObject({ createdBy: 'local_cli' });
  });
});
