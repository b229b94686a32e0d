import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../src/protocol/store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { approvalTests } from './store-approvals.ts';
import { dataTests } from './store-data.ts';
import { decisionTests } from './store-decisions.ts';
import { idempotencyTests } from './store-idempotency.ts';
import { journalTests } from './store-journal.ts';
import { keyTests } from './store-keys.ts';
import { overrideTests } from './store-overrides.ts';
import { rateTests } from './store-rates.ts';
import { diagnostic, generation, openKey } from './store-samples.ts';
import { sessionTests } from './store-sessions.ts';
import { spendingTests } from './store-spending.ts';
import { turnTests } from './store-turns.ts';
import { usageTests } from './store-usage.ts';

/** One empty database under test. */
export type StoreUnderTest = { readonly url: string; readonly destroy: () => Promise<void> };

/** Opens another connection to the database of the running test; closed when the test is over. */
export type OpenAgain = () => Promise<Store>;

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

    const open: OpenAgain = async () => {
      const store = await openStore(database.url);
      opened.push(store);
      return store;
    };

    describe('keys', () => keyTests(open));
    describe('overrides', () => overrideTests(open));
    describe('decisions', () => decisionTests(open));
    describe('spending', () => spendingTests(open));
    describe('requests', () => rateTests(open));
    describe('the journal', () => journalTests(open));
    describe('usage', () => usageTests(open));
    describe('turns', () => turnTests(open));
    describe('runs that wait', () => approvalTests(open));
    describe('requests that may come again', () => idempotencyTests(open));
    describe('what is kept of people', () => dataTests(open));
    describe('logins of the console', () => sessionTests(open));
    describe('versions', () => versionTests(open));
    describe('what agents were', () => agentTests(open));

    test('keeps what it acknowledged after it is closed', async () => {
      const first = await openStore(database.url);
      await first.keys.insert(openKey);
      await first.close();
      expect(await (await open()).keys.list()).toEqual([openKey]);
    });

    test('may be opened by several at once', async () => {
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

function versionTests(open: OpenAgain): void {
  test('grow for the part that changed, whoever changed it, and for no other', async () => {
    const [one, other] = [await open(), await open()];
    let last = await one.versions();
    const grown = async () => {
      const [mine, theirs] = [await one.versions(), await other.versions()];
      expect(theirs).toEqual(mine);
      const parts = (['keys', 'overrides', 'rules'] as const).filter((it) => mine[it] > last[it]);
      last = mine;
      return parts;
    };
    expect(await grown()).toEqual([]);
    await other.keys.insert(openKey);
    expect(await grown()).toEqual(['keys']);
    await one.keys.revoke(openKey.id, 500);
    expect(await grown()).toEqual(['keys']);
    await other.announceRules();
    expect(await grown()).toEqual(['rules']);
  });

  test('stay where nothing that is kept in memory changed', async () => {
    const [one, other] = [await open(), await open()];
    await one.keys.insert(openKey);
    const before = await one.versions();
    await other.keys.insert(openKey);
    await other.keys.revoke('key_gone', 500);
    await other.keys.touch(new Map([[openKey.id, 600]]));
    await other.diagnostics.change({ put: [diagnostic], remove: [] });
    await one.generations.put(generation);
    expect(await one.versions()).toEqual(before);
  });
}

function agentTests(open: OpenAgain): void {
  test('is one generation a version of an agent, in the order they were put', async () => {
    const store = await open();
    await store.generations.put(generation);
    await store.generations.put({ ...generation, generation: 2, filesHash: 'a2' });
    await store.generations.put({ ...generation, agentId: 'labs/b' });
    await store.generations.put({ ...generation, generation: 3 });
    expect(await (await open()).generations.list()).toEqual([
      { ...generation, generation: 2, filesHash: 'a2' },
      { ...generation, agentId: 'labs/b' },
      { ...generation, generation: 3 },
    ]);
    await store.generations.remove('labs/b');
    expect(await store.generations.list()).toHaveLength(2);
  });

  test('is the five generations of an agent that served last', async () => {
    const store = await open();
    await store.generations.put({ ...generation, agentId: 'labs/b' });
    const versions = [1, 2, 3, 4, 5, 1, 6, 7];
    for (const version of versions)
      await store.generations.put({ ...generation, generation: version, filesHash: `${version}` });
    const kept = await store.generations.list();
    expect(kept.map((each) => each.generation)).toEqual([1, 4, 5, 1, 6, 7]);
  });

  test('is diagnostics that change together, the least lately seen first', async () => {
    const store = await open();
    const later = { ...diagnostic, id: 'diag_b', last_seen: '2026-01-02T00:00:00.000Z' };
    await store.diagnostics.change({ put: [later, diagnostic], remove: [] });
    expect(await store.diagnostics.list()).toEqual([diagnostic, later]);
    const counted = { ...diagnostic, count: 2 };
    await store.diagnostics.change({ put: [counted], remove: ['diag_b', 'diag_gone'] });
    expect(await (await open()).diagnostics.list()).toEqual([counted]);
  });
}
