import { expect, test } from 'vitest';
import type { OpenAgain } from './store-contract.ts';
import { openKey, scopedKey } from './store-samples.ts';

/** What every store does with API keys. */
export function keyTests(open: OpenAgain): void {
  test('are given back exactly as they were inserted', async () => {
    const store = await open();
    expect(await store.keys.insert(scopedKey)).toBe(true);
    expect(await store.keys.list()).toEqual([scopedKey]);
  });

  test('that may reach nothing are told from those that may reach all', async () => {
    const store = await open();
    await store.keys.insert({ ...openKey, namespaces: [] });
    expect(await store.keys.list()).toMatchObject([{ namespaces: [], agents: null }]);
  });

  test('are listed oldest first', async () => {
    const store = await open();
    await store.keys.insert({ ...openKey, id: 'key_b', hash: 'b', createdAtSeconds: 20 });
    await store.keys.insert({ ...openKey, id: 'key_c', hash: 'c', createdAtSeconds: 10 });
    await store.keys.insert({ ...openKey, id: 'key_a', hash: 'a', createdAtSeconds: 20 });
    expect((await store.keys.list()).map((key) => key.id)).toEqual(['key_c', 'key_a', 'key_b']);
  });

  test('are refused with an id or a hash that is there, and nothing changes', async () => {
    const store = await open();
    await store.keys.insert(openKey);
    expect(await store.keys.insert({ ...scopedKey, id: openKey.id })).toBe(false);
    expect(await store.keys.insert({ ...scopedKey, hash: openKey.hash })).toBe(false);
    expect(await store.keys.list()).toEqual([openKey]);
  });

  test('are revoked once, and the first time stays', async () => {
    const store = await open();
    await store.keys.insert(openKey);
    expect(await store.keys.revoke(openKey.id, 500.7)).toBe(true);
    expect(await store.keys.revoke(openKey.id, 900)).toBe(false);
    expect(await store.keys.revoke('key_gone', 900)).toBe(false);
    expect(await store.keys.list()).toEqual([{ ...openKey, revokedAtSeconds: 500 }]);
  });

  test('are given other limits, unless they are revoked', async () => {
    const store = await open();
    await store.keys.insert(openKey);
    const { keys: before } = await store.versions();
    const limits = { ...openKey.limits, requestsPerMinute: 7, usdPerDay: 1.5 };
    const changed = { limits, runLimits: { maxModelCalls: 3 } };
    expect(await store.keys.setLimits(openKey.id, changed)).toBe(true);
    expect(await store.keys.list()).toEqual([{ ...openKey, ...changed }]);
    expect((await store.versions()).keys).toBeGreaterThan(before);
    await store.keys.revoke(openKey.id, 500);
    expect(await store.keys.setLimits(openKey.id, { limits, runLimits: null })).toBe(false);
    expect(await store.keys.setLimits('key_gone', changed)).toBe(false);
    expect(await store.keys.list()).toMatchObject([changed]);
  });

  test('keep hostile text as text', async () => {
    const store = await open();
    const name = `x'); drop table keys; -- \u{1F511} "\\`;
    await store.keys.insert({ ...openKey, name, agents: ["a','b", '*'] });
    expect(await store.keys.list()).toMatchObject([{ name, agents: ["a','b", '*'] }]);
  });

  const next = { ...openKey, id: 'key_next', hash: 'next', rotatedFrom: openKey.id };
  const rotation = { oldEndsAtSeconds: 1000, nowSeconds: 900 };

  test('are rotated: the new one is there, the old one ends', async () => {
    const store = await open();
    await store.keys.insert(openKey);
    expect(await store.keys.rotate(next, rotation)).toBe(true);
    expect(await store.keys.list()).toEqual(
      [{ ...openKey, expiresAtSeconds: 1000 }, next].sort(byId),
    );
  });

  test('that end before the overlap of their rotation end then', async () => {
    const store = await open();
    await store.keys.insert({ ...openKey, expiresAtSeconds: 950 });
    expect(await store.keys.rotate(next, rotation)).toBe(true);
    expect((await store.keys.list()).toSorted(byId)).toMatchObject([
      { id: 'key_next' },
      { id: 'key_open', expiresAtSeconds: 950 },
    ]);
  });

  test.each([
    ['is not there', { ...openKey, id: 'key_other' }],
    ['is revoked', { ...openKey, revokedAtSeconds: 5 }],
    ['has expired', { ...openKey, expiresAtSeconds: 900 }],
    ['has the same hash as the new one', { ...openKey, hash: 'next' }],
  ])('are not rotated where the old one %s, and nothing changes', async (_case, old) => {
    const store = await open();
    await store.keys.insert(old);
    expect(await store.keys.rotate(next, rotation)).toBe(false);
    expect(await store.keys.list()).toEqual([old]);
  });

  test('are rotated once, however many try at the same time', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    await stores[0]?.keys.insertNamed(openKey, 900);
    const rotated = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        stores[index % 3]?.keys.rotate(
          { ...next, id: `key_next_${index}`, hash: `${index}` },
          rotation,
        ),
      ),
    );
    expect(rotated.filter(Boolean)).toHaveLength(1);
    expect(await stores[1]?.keys.list()).toHaveLength(2);
  });

  test('of one name are added once, however many try at the same time', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const added = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        stores[index % 3]?.keys.insertNamed(
          { ...openKey, id: `key_${index}`, hash: `${index}` },
          900,
        ),
      ),
    );
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await stores[1]?.keys.list()).toHaveLength(1);
  });

  test('keep their name while they can be used, and their successor keeps it after them', async () => {
    const { keys } = await open();
    const another = (id: string) => ({ ...openKey, id, hash: id });
    expect(await keys.insertNamed({ ...openKey, expiresAtSeconds: 950 }, 900)).toBe(true);
    expect(await keys.insertNamed(another('key_b'), 949)).toBe(false);
    expect(await keys.rotate(next, rotation)).toBe(true);
    expect(await keys.insertNamed(another('key_b'), 951)).toBe(false);
    await keys.revoke(next.id, 960);
    expect(await keys.insertNamed({ ...another('key_b'), expiresAtSeconds: 980 }, 970)).toBe(true);
    expect(await keys.insertNamed(another('key_c'), 979)).toBe(false);
    expect(await keys.insertNamed(another('key_c'), 980)).toBe(true);
  });

  test('are noted as used, never at an earlier time', async () => {
    const store = await open();
    await store.keys.insert(openKey);
    await store.keys.touch(new Map([[openKey.id, 600.5]]));
    await store.keys.touch(
      new Map([
        [openKey.id, 540],
        ['key_gone', 700],
      ]),
    );
    expect(await (await open()).keys.list()).toEqual([{ ...openKey, lastUsedAtSeconds: 600 }]);
  });
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
