import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Diagnostic } from '../../src/protocol/diagnostics.ts';
import type { KeyRecord } from '../../src/protocol/policy.ts';
import type { StoredGeneration } from '../../src/protocol/records.ts';
import type { Store } from '../../src/storage/store.ts';
import { sampleManifest } from '../support/manifest.ts';

/** One database under test. `open` gives another connection to the same database each time. */
export type StoreUnderTest = { open(): Promise<Store>; destroy(): Promise<void> };

/** What every store has to do, whatever database it is on. */
export function describeStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} store`, () => {
    let database: StoreUnderTest;
    let opened: Store[];

    beforeEach(async () => {
      database = await create();
      opened = [];
    });

    afterEach(async () => {
      await Promise.all(opened.map((store) => store.close()));
      await database.destroy();
    });

    async function open(): Promise<Store> {
      const store = await database.open();
      opened.push(store);
      return store;
    }

    test('keeps one generation an agent, the last one put', async () => {
      const store = await open();
      await store.generations.put(generation);
      await store.generations.put({ ...generation, generation: 2 });
      await store.generations.put({ ...generation, agentId: 'labs/b' });
      const kept = await (await open()).generations.list();
      expect(kept.toSorted((a, b) => (a.agentId < b.agentId ? -1 : 1))).toEqual([
        { ...generation, generation: 2 },
        { ...generation, agentId: 'labs/b' },
      ]);
      await store.generations.remove('labs/b');
      expect(await store.generations.list()).toHaveLength(1);
    });

    test('changes diagnostics together and lists the least lately seen first', async () => {
      const store = await open();
      const later = { ...diagnostic, id: 'diag_b', last_seen: '2026-01-02T00:00:00.000Z' };
      await store.diagnostics.change({ put: [later, diagnostic], remove: [] });
      expect(await store.diagnostics.list()).toEqual([diagnostic, later]);
      const counted = { ...diagnostic, count: 2 };
      await store.diagnostics.change({ put: [counted], remove: ['diag_b', 'diag_gone'] });
      expect(await (await open()).diagnostics.list()).toEqual([counted]);
    });

    test('gives back a key exactly as it was inserted', async () => {
      const store = await open();
      expect(await store.keys.insert(scopedKey)).toBe(true);
      expect(await store.keys.list()).toEqual([scopedKey]);
    });

    test('tells a key that may reach nothing from one that may reach all', async () => {
      const store = await open();
      await store.keys.insert({ ...openKey, namespaces: [] });
      expect(await store.keys.list()).toMatchObject([{ namespaces: [], agents: null }]);
    });

    test('lists keys oldest first', async () => {
      const store = await open();
      await store.keys.insert({ ...openKey, id: 'key_b', hash: 'b', createdAtSeconds: 20 });
      await store.keys.insert({ ...openKey, id: 'key_c', hash: 'c', createdAtSeconds: 10 });
      await store.keys.insert({ ...openKey, id: 'key_a', hash: 'a', createdAtSeconds: 20 });
      const ids = (await store.keys.list()).map((key) => key.id);
      expect(ids).toEqual(['key_c', 'key_a', 'key_b']);
    });

    test('refuses a second key with the same id or hash and changes nothing', async () => {
      const store = await open();
      await store.keys.insert(openKey);
      expect(await store.keys.insert({ ...scopedKey, id: openKey.id })).toBe(false);
      expect(await store.keys.insert({ ...scopedKey, hash: openKey.hash })).toBe(false);
      expect(await store.keys.list()).toEqual([openKey]);
    });

    test('revokes a key once and keeps the first time', async () => {
      const store = await open();
      await store.keys.insert(openKey);
      expect(await store.keys.revoke(openKey.id, 500)).toBe(true);
      expect(await store.keys.revoke(openKey.id, 900)).toBe(false);
      expect(await store.keys.revoke('key_gone', 900)).toBe(false);
      expect(await store.keys.list()).toEqual([{ ...openKey, revokedAtSeconds: 500 }]);
    });

    test('keeps hostile text as text', async () => {
      const store = await open();
      const name = `x'); drop table keys; -- \u{1F511} "\\`;
      await store.keys.insert({ ...openKey, name, agents: ["a','b", '*'] });
      expect(await store.keys.list()).toMatchObject([{ name, agents: ["a','b", '*'] }]);
    });

    test('keeps what it acknowledged after it is closed', async () => {
      const first = await database.open();
      await first.keys.insert(openKey);
      await first.close();
      const second = await open();
      expect(await second.keys.list()).toEqual([openKey]);
    });

    test('changes its version when another connection changed something, and only then', async () => {
      const reader = await open();
      const writer = await open();
      const before = await reader.version();
      expect(await reader.version()).toBe(before);
      await writer.keys.insert(openKey);
      const afterInsert = await reader.version();
      expect(afterInsert).not.toBe(before);
      expect(await reader.version()).toBe(afterInsert);
      await writer.keys.revoke(openKey.id, 500);
      expect(await reader.version()).not.toBe(afterInsert);
      expect(await reader.keys.list()).toMatchObject([{ revokedAtSeconds: 500 }]);
    });

    test('may be opened by several at once while it is new', async () => {
      const stores = await Promise.all([open(), open(), open(), open()]);
      const inserted = await Promise.all(
        stores.map((store, index) =>
          store.keys.insert({ ...openKey, id: `key_${index}`, hash: `${index}` }),
        ),
      );
      expect(inserted).toEqual([true, true, true, true]);
      expect(await stores[0]?.keys.list()).toHaveLength(4);
    });
  });
}

const openKey: KeyRecord = {
  id: 'key_open',
  name: 'alice',
  role: 'admin',
  hash: '1f'.repeat(32),
  namespaces: null,
  agents: null,
  createdAtSeconds: 1_800_000_000,
  createdBy: 'cli:root',
  expiresAtSeconds: null,
  revokedAtSeconds: null,
};

const scopedKey: KeyRecord = {
  ...openKey,
  id: 'key_scoped',
  name: 'bob',
  role: 'caller',
  hash: '2e'.repeat(32),
  namespaces: ['labs', 'default'],
  agents: ['labs/*'],
  expiresAtSeconds: 4_000_000_000,
  revokedAtSeconds: 1_800_000_100,
};

const generation: StoredGeneration = {
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 1,
  conditions: 'these',
  manifest: sampleManifest(),
  prints: [{ path: '/p/agent.ts', size: 3, mtimeMs: 1.5, sha256: 'abc' }],
  envSha256: null,
  loadedAtSeconds: 5,
};

const diagnostic: Diagnostic = {
  id: 'diag_a',
  agent_id: 'default/a',
  module_path: 'src/agents/A/agent.ts',
  stage: 'load',
  code: 'syntax_error',
  severity: 'error',
  message: 'Expected a semicolon.',
  file: '/p/agent.ts',
  line: 3,
  column: 7,
  frame: null,
  hint: null,
  docs: null,
  serving_generation: 1,
  first_seen: '2026-01-01T00:00:00.000Z',
  last_seen: '2026-01-01T00:00:00.000Z',
  count: 1,
  request_id: null,
};
