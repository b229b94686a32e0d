import { expect, test } from 'vitest';
import type { OpenAgain } from './store-contract.ts';
import { override } from './store-samples.ts';

/** What every store does with overrides. */
export function overrideTests(open: OpenAgain): void {
  const ended = override.expiresAtSeconds;

  test('are given back exactly as they were inserted, by id once', async () => {
    const store = await open();
    expect(await store.overrides.insert(override)).toBe(true);
    expect(await store.overrides.insert({ ...override, effect: 'deny' })).toBe(false);
    expect(await (await open()).overrides.list()).toEqual([override]);
  });

  test('are listed newest first, ended ones included', async () => {
    const store = await open();
    await store.overrides.insert(override);
    await store.overrides.insert({ ...override, id: 'ovr_b', createdAtSeconds: 1_700_000_000 });
    await store.overrides.insert({ ...override, id: 'ovr_c', createdAtSeconds: 1_900_000_000 });
    const ids = (await store.overrides.list()).map(({ id }) => id);
    expect(ids).toEqual(['ovr_c', 'ovr_a', 'ovr_b']);
  });

  test('are active until they expire or are revoked', async () => {
    const store = await open();
    await store.overrides.insert(override);
    await store.overrides.insert({ ...override, id: 'ovr_b', expiresAtSeconds: ended + 60 });
    const active = async (activeAtSeconds: number) =>
      (await store.overrides.list({ activeAtSeconds })).map(({ id }) => id);
    expect(await active(ended - 0.5)).toEqual(['ovr_b', 'ovr_a']);
    expect(await active(ended)).toEqual(['ovr_b']);
    await store.overrides.revoke('ovr_b', { revokedBy: 'key_x', atSeconds: ended });
    expect(await active(ended)).toEqual([]);
  });

  test('are revoked once, with who did it and when', async () => {
    const store = await open();
    await store.overrides.insert(override);
    const by = { revokedBy: 'cli:root', atSeconds: ended - 10.5 };
    expect(await store.overrides.revoke('ovr_a', by)).toBe(true);
    expect(await store.overrides.revoke('ovr_a', { ...by, revokedBy: 'key_x' })).toBe(false);
    expect(await store.overrides.revoke('ovr_gone', by)).toBe(false);
    expect(await store.overrides.list()).toEqual([
      { ...override, revokedBy: 'cli:root', revokedAtSeconds: ended - 11 },
    ]);
  });

  test('cannot be revoked once they have expired', async () => {
    const store = await open();
    await store.overrides.insert(override);
    const late = { revokedBy: 'key_x', atSeconds: ended };
    expect(await store.overrides.revoke('ovr_a', late)).toBe(false);
    expect(await store.overrides.list()).toEqual([override]);
  });

  test('change their version when they are made and when they are revoked', async () => {
    const store = await open();
    const version = async () => (await store.versions()).overrides;
    const none = await version();
    await store.overrides.insert(override);
    const made = await version();
    expect(made).toBeGreaterThan(none);
    await store.overrides.revoke('ovr_a', { revokedBy: 'key_x', atSeconds: ended });
    expect(await version()).toBe(made);
    await store.overrides.revoke('ovr_a', { revokedBy: 'key_x', atSeconds: ended - 1 });
    expect(await version()).toBeGreaterThan(made);
  });
}
