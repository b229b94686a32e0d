import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';

const admin = { name: 'alice', role: 'admin', createdBy: 'cli:test' } as const;
const noLimits = {
  requestsPerMinute: null,
  concurrentRuns: null,
  tokensPerDay: null,
  tokensPerMonth: null,
  usdPerDay: null,
  usdPerMonth: null,
};

async function open() {
  const clock = { seconds: 1_000_000 };
  return { clock, ...(await openKeys(await tempFolder(), clock)) };
}

describe('a key', () => {
  test('authenticates with its secret, which is `dg_` and 256 bits', async () => {
    const { keys, known } = await open();
    const { record, secret } = await keys.create(admin);
    expect(secret).toMatch(/^dg_[A-Za-z0-9_-]{43}$/);
    expect(record).toEqual({
      id: expect.stringMatching(/^key_[A-Za-z0-9_-]{12}$/),
      runLimits: null,
      forwardsUsers: false,
      name: 'alice',
      role: 'admin',
      hash: createHash('sha256').update(secret).digest('hex'),
      namespaces: null,
      agents: null,
      limits: noLimits,
      createdAtSeconds: 1_000_000,
      createdBy: 'cli:test',
      expiresAtSeconds: null,
      revokedAtSeconds: null,
      rotatedFrom: null,
      lastUsedAtSeconds: null,
    });
    expect(known.authenticate(secret)).toEqual(record);
    expect(known.find(record.id)).toEqual(record);
  });

  test('is stored without its secret', async () => {
    const { keys, store } = await open();
    const { secret } = await keys.create(admin);
    expect(JSON.stringify(await store.keys.list())).not.toContain(secret.slice(3));
  });

  test('is of no use to anyone with another secret', async () => {
    const { keys, known } = await open();
    const { record, secret } = await keys.create(admin);
    for (const wrong of [
      '',
      'dg_',
      record.id,
      record.hash,
      `${secret}x`,
      secret.slice(0, -1),
      ` ${secret}`,
    ]) {
      expect(known.authenticate(wrong)).toBeNull();
    }
  });

  test('stops working in the second it expires', async () => {
    const { keys, known, clock } = await open();
    const { secret } = await keys.create({ ...admin, expiresAtSeconds: 1_000_010 });
    clock.seconds = 1_000_009.9;
    expect(known.authenticate(secret)?.name).toBe('alice');
    clock.seconds = 1_000_010;
    expect(known.authenticate(secret)).toBeNull();
    expect(await keys.hasUsableKey()).toBe(false);
  });

  test('stops working as soon as its revocation is acknowledged', async () => {
    const { keys, known } = await open();
    const { record, secret } = await keys.create(admin);
    expect(await keys.hasUsableKey()).toBe(true);
    expect(await keys.revoke(record.id)).toBe(true);
    expect(known.authenticate(secret)).toBeNull();
    expect(await keys.revoke(record.id)).toBe(false);
    expect(await keys.hasUsableKey()).toBe(false);
  });

  test('keeps its limits, and its scopes in lower case, as model ids are', async () => {
    const { keys, store } = await open();
    await keys.create({
      role: 'caller',
      createdBy: 'cli:test',
      namespaces: ['Labs'],
      agents: [' Labs/* '],
      limits: { requestsPerMinute: 60, tokensPerDay: 5000 },
    });
    expect(await store.keys.list()).toMatchObject([
      {
        name: expect.stringMatching(/^caller-[0-9a-f]{6}$/),
        namespaces: ['labs'],
        agents: ['labs/*'],
        limits: { ...noLimits, requestsPerMinute: 60, tokensPerDay: 5000 },
      },
    ]);
  });

  test('cannot have what makes no sense or looks like something else in a rule', async () => {
    const { keys } = await open();
    for (const [param, changes] of [
      ['name', { name: 'role:admin' }],
      ['name', { name: 'agent:x' }],
      ['name', { name: '*' }],
      ['name', { name: 'key_abc' }],
      ['name', { name: 'local_cli' }],
      ['name', { name: 'alice ' }],
      ['name', { name: '' }],
      ['name', { name: 'x'.repeat(65) }],
      ['name', { name: 'a\nb' }],
      ['expires_at', { expiresAtSeconds: 1_000_000 }],
      ['namespaces', { namespaces: [] }],
      ['namespaces', { namespaces: ['*'] }],
      ['agents', { agents: [''] }],
      ['agents', { agents: ['labs/[ab]'] }],
      ['requests_per_minute', { limits: { requestsPerMinute: 0 } }],
      ['concurrent_runs', { limits: { concurrentRuns: 1.5 } }],
      ['tokens_per_day', { limits: { tokensPerDay: -1 } }],
      ['tokens_per_month', { limits: { tokensPerMonth: Number.POSITIVE_INFINITY } }],
      ['usd_per_day', { limits: { usdPerDay: 0 } }],
      ['usd_per_month', { limits: { usdPerMonth: 1e300 } }],
    ] as const) {
      await expect(keys.create({ ...admin, ...changes })).rejects.toMatchObject({
        code: 'invalid_value',
        param,
      });
    }
    expect(await keys.list()).toEqual([]);
  });

  test('is there however many are made at once', async () => {
    const { keys, known } = await open();
    const names = Array.from({ length: 20 }, (_, index) => `alice-${index}`);
    const made = await Promise.all(names.map((name) => keys.create({ ...admin, name })));
    expect(made.map(({ secret }) => known.authenticate(secret)?.name)).toEqual(names);
    expect(new Set(made.map(({ record }) => record.id)).size).toBe(20);
  });

  test('has a name of its own, however many are made of it at once', async () => {
    const { keys } = await open();
    const made = await Promise.allSettled(Array.from({ length: 10 }, () => keys.create(admin)));
    const refused = made.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(9);
    expect(refused[0]).toMatchObject({ code: 'invalid_value', param: 'name' });
  });

  test('has one successor, however many try to rotate it at once', async () => {
    const { keys } = await open();
    const { record } = await keys.create(admin);
    const rotation = { overlapSeconds: 60, createdBy: 'cli:root' };
    const rotated = await Promise.allSettled(
      Array.from({ length: 4 }, () => keys.rotate(record.id, rotation)),
    );
    const refused = rotated.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refused).toHaveLength(3);
    expect(refused[0].message).toContain('This key was rotated before. Rotate its successor');
  });

  test('comes with its secret also where the store goes away right after it was made', async () => {
    const { keys, known, setAway } = await open();
    await known.start();
    setAway(true);
    const { secret } = await keys.create(admin);
    expect(known.authenticate(secret)).toBeNull();
    setAway(false);
    await expect.poll(() => known.authenticate(secret)?.name).toBe('alice');
  });
});

describe('a secret that is known already', () => {
  const secret = `dg_${'A'.repeat(43)}`;

  test('becomes a key once, and is left as it is afterwards', async () => {
    const { keys, known } = await open();
    const first = await keys.register(secret, admin);
    const again = await keys.register(secret, { ...admin, role: 'caller' });
    expect(again).toEqual(first);
    expect(known.authenticate(secret)).toEqual(first);
    expect(await keys.list()).toHaveLength(1);
  });

  test('is refused where it has not the form of one, without repeating it', async () => {
    const { keys } = await open();
    const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln';
    for (const text of ['hunter2', token, `dg_${'a'.repeat(41)}.b`]) {
      await expect(keys.register(text, admin)).rejects.toThrow(
        'This is no API key: one begins with `dg_`.',
      );
    }
  });

  test('does not come back to life after its revocation', async () => {
    const { keys, known } = await open();
    const { id } = await keys.register(secret, admin);
    await keys.revoke(id);
    await expect(keys.register(secret, admin)).rejects.toThrow(
      'This API key is revoked or has expired.',
    );
    expect(known.authenticate(secret)).toBeNull();
  });
});

describe('a rotation', () => {
  const scoped = {
    ...admin,
    namespaces: ['labs'],
    limits: { tokensPerDay: 100 },
    expiresAtSeconds: 1_002_000,
  };

  test('makes a key that is alike but for id, secret and time; both work until the overlap ends', async () => {
    const { keys, known, clock } = await open();
    const old = await keys.create(scoped);
    clock.seconds = 1_000_500;
    const next = await keys.rotate(old.record.id, { overlapSeconds: 60, createdBy: 'cli:ops' });
    expect(next.record).toEqual({
      ...old.record,
      id: expect.not.stringMatching(old.record.id),
      hash: createHash('sha256').update(next.secret).digest('hex'),
      createdBy: 'cli:ops',
      createdAtSeconds: 1_000_500,
      expiresAtSeconds: 1_002_500,
      rotatedFrom: old.record.id,
    });
    clock.seconds = 1_000_559;
    expect(known.authenticate(old.secret)?.id).toBe(old.record.id);
    expect(known.authenticate(next.secret)?.id).toBe(next.record.id);
    clock.seconds = 1_000_560;
    expect(known.authenticate(old.secret)).toBeNull();
    expect(known.authenticate(next.secret)?.id).toBe(next.record.id);
  });

  test('counts the use of the new key where that of the old one was counted', async () => {
    const { keys, known } = await open();
    const first = await keys.create(admin);
    const options = { overlapSeconds: 0, createdBy: 'cli:ops' };
    const second = await keys.rotate(first.record.id, options);
    const third = await keys.rotate(second.record.id, options);
    expect(known.accountOf(third.record.id)).toBe(first.record.id);
    expect(known.accountOf(first.record.id)).toBe(first.record.id);
    expect(known.accountOf('local_cli')).toBe('local_cli');
    expect(known.authenticate(first.secret)).toBeNull();
  });

  test('is refused for a key that is not there, has ended or was rotated before', async () => {
    const { keys } = await open();
    const options = { overlapSeconds: 0, createdBy: 'cli:ops' };
    await expect(keys.rotate('key_none', options)).rejects.toMatchObject({
      code: 'record_not_found',
    });
    const revoked = await keys.create(admin);
    await keys.revoke(revoked.record.id);
    await expect(keys.rotate(revoked.record.id, options)).rejects.toThrow(
      'A key that is revoked or has expired cannot be rotated. Make a new one.',
    );
    const rotated = await keys.create(admin);
    const { record } = await keys.rotate(rotated.record.id, { ...options, overlapSeconds: 60 });
    await expect(keys.rotate(rotated.record.id, options)).rejects.toThrow(
      `This key was rotated before. Rotate its successor, ${record.id}.`,
    );
  });

  test.each([-1, 0.5, 2_592_001, Number.NaN])('takes no overlap of %d seconds', async (seconds) => {
    const { keys } = await open();
    const { record } = await keys.create(admin);
    await expect(
      keys.rotate(record.id, { overlapSeconds: seconds, createdBy: 'cli:ops' }),
    ).rejects.toMatchObject({ code: 'invalid_value', param: 'overlap_seconds' });
  });
});
