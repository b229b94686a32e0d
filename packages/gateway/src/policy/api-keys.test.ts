import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { GatewayEvent } from '../events.ts';
import { openStore } from '../storage/sql-store.ts';
import type { Store } from '../storage/store.ts';
import { type ApiKeyDeps, type ApiKeys, createApiKeys } from './api-keys.ts';

let folder = '';
let store: Store;
let nowSeconds = 1_000_000;
let closing: (() => unknown)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dropgate-keys-'));
  store = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
  nowSeconds = 1_000_000;
  closing = [() => store.close()];
});

afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(folder, { recursive: true });
});

function keysOver(over: Store, changes: Partial<ApiKeyDeps> = {}): ApiKeys {
  const keys = createApiKeys({
    store: over.keys,
    version: over.version,
    nowSeconds: () => nowSeconds,
    emit: () => undefined,
    ...changes,
  });
  closing.push(() => keys.close());
  return keys;
}

/** Another process: its own connection to the same file. */
async function elsewhere(): Promise<ApiKeys> {
  const other = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
  closing.push(() => other.close());
  return keysOver(other);
}

const admin = { name: 'alice', role: 'admin', createdBy: 'cli:test' } as const;

describe('a key', () => {
  test('authenticates with its secret, which is `dg_` and 256 bits', async () => {
    const keys = keysOver(store);
    const { record, secret } = await keys.create(admin);
    expect(secret).toMatch(/^dg_[A-Za-z0-9_-]{43}$/);
    expect(record).toEqual({
      id: expect.stringMatching(/^key_[A-Za-z0-9_-]{12}$/),
      name: 'alice',
      role: 'admin',
      hash: createHash('sha256').update(secret).digest('hex'),
      namespaces: null,
      agents: null,
      createdAtSeconds: 1_000_000,
      createdBy: 'cli:test',
      expiresAtSeconds: null,
      revokedAtSeconds: null,
    });
    expect(keys.authenticate(secret)).toEqual(record);
  });

  test('is stored without its secret', async () => {
    const { secret } = await keysOver(store).create(admin);
    expect(JSON.stringify(await store.keys.list())).not.toContain(secret.slice(3));
  });

  test('is of no use to anyone with another secret', async () => {
    const keys = keysOver(store);
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
      expect(keys.authenticate(wrong)).toBeNull();
    }
  });

  test('stops working in the second it expires', async () => {
    const keys = keysOver(store);
    const { secret } = await keys.create({ ...admin, expiresAtSeconds: 1_000_010 });
    nowSeconds = 1_000_009.9;
    expect(keys.authenticate(secret)?.name).toBe('alice');
    nowSeconds = 1_000_010;
    expect(keys.authenticate(secret)).toBeNull();
    expect(await keys.hasUsableKey()).toBe(false);
  });

  test('stops working as soon as its revocation is acknowledged', async () => {
    const keys = keysOver(store);
    const { record, secret } = await keys.create(admin);
    expect(await keys.hasUsableKey()).toBe(true);
    expect(await keys.revoke(record.id)).toBe(true);
    expect(keys.authenticate(secret)).toBeNull();
    expect(await keys.revoke(record.id)).toBe(false);
    expect(await keys.hasUsableKey()).toBe(false);
  });

  test('gets a name where it is given none', async () => {
    const { record } = await keysOver(store).create({ role: 'caller', createdBy: 'cli:test' });
    expect(record.name).toMatch(/^caller-[0-9a-f]{6}$/);
  });

  test('keeps its scopes in lower case, as model ids are', async () => {
    const { record } = await keysOver(store).create({
      ...admin,
      namespaces: ['Labs'],
      agents: [' Labs/* '],
    });
    expect(record).toMatchObject({ namespaces: ['labs'], agents: ['labs/*'] });
  });

  test.each([
    ['a name like a role in a rule', { name: 'role:admin' }],
    ['a name like an agent in a rule', { name: 'agent:x' }],
    ['a name like a pattern', { name: '*' }],
    ['a name like an id', { name: 'key_abc' }],
    ['an empty name', { name: '' }],
    ['a name over 64 letters', { name: 'x'.repeat(65) }],
    ['a name of two lines', { name: 'a\nb' }],
    ['an expiry that is past', { expiresAtSeconds: 1_000_000 }],
    ['no namespace at all', { namespaces: [] }],
    ['a pattern for a namespace', { namespaces: ['*'] }],
    ['an empty agent pattern', { agents: [''] }],
    ['an agent pattern of another language', { agents: ['labs/[ab]'] }],
  ])('cannot have %s', async (_what, changes) => {
    const keys = keysOver(store);
    await expect(keys.create({ ...admin, ...changes })).rejects.toMatchObject({
      code: 'invalid_value',
    });
    expect(await keys.list()).toEqual([]);
  });
});

describe('a secret that is known already', () => {
  const secret = `dg_${'A'.repeat(43)}`;

  test('becomes a key once, and is left as it is afterwards', async () => {
    const keys = keysOver(store);
    const first = await keys.register(secret, admin);
    const again = await keys.register(secret, { ...admin, role: 'caller' });
    expect(again).toEqual(first);
    expect(keys.authenticate(secret)).toEqual(first);
    expect(await keys.list()).toHaveLength(1);
  });

  test('is refused where it has not the form of one, without repeating it', async () => {
    await expect(keysOver(store).register('hunter2', admin)).rejects.toThrow(
      'This is no API key: one begins with `dg_`.',
    );
  });

  test('does not come back to life after its revocation', async () => {
    const keys = keysOver(store);
    const { id } = await keys.register(secret, admin);
    await keys.revoke(id);
    await expect(keys.register(secret, admin)).rejects.toThrow(
      'This API key is revoked or has expired.',
    );
    expect(keys.authenticate(secret)).toBeNull();
  });
});

describe('keys of another process', () => {
  test('work and end within a second', async () => {
    const here = keysOver(store);
    await here.start();
    const other = await elsewhere();
    const { record, secret } = await other.create(admin);
    await expect.poll(() => here.authenticate(secret)?.id, { timeout: 5_000 }).toBe(record.id);
    await other.revoke(record.id);
    await expect.poll(() => here.authenticate(secret), { timeout: 5_000 }).toBeNull();
  });

  test('that are there at the start work at once', async () => {
    const { secret } = await (await elsewhere()).create(admin);
    const here = keysOver(store);
    expect(here.authenticate(secret)).toBeNull();
    await here.start();
    expect(here.authenticate(secret)?.name).toBe('alice');
  });
});

test('keys in memory outlast a store that is away, which is told once', async () => {
  const told: GatewayEvent[] = [];
  let isAway = false;
  let asked = 0;
  const keys = keysOver(store, {
    version: async () => {
      asked++;
      if (isAway) throw new Error('away');
      return store.version();
    },
    emit: (event) => told.push(event),
  });
  await keys.start();
  const { secret } = await keys.create(admin);
  isAway = true;
  const askedBefore = asked;
  await expect.poll(() => asked - askedBefore, { timeout: 5_000 }).toBeGreaterThanOrEqual(3);
  expect(keys.authenticate(secret)?.name).toBe('alice');
  expect(told).toMatchObject([{ type: 'fault_survived', where: 'api keys' }]);
});

test('many keys made at once are all there', async () => {
  const keys = keysOver(store);
  const made = await Promise.all(Array.from({ length: 20 }, () => keys.create(admin)));
  const names = made.map(({ secret }) => keys.authenticate(secret)?.name);
  expect(names).toEqual(Array.from({ length: 20 }, () => 'alice'));
  expect(new Set(made.map(({ record }) => record.id)).size).toBe(20);
});
