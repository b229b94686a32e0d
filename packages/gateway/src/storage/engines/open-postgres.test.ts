import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { describeStore } from '../../../test/contracts/store-contract.ts';
import { describeStoreProcesses } from '../../../test/contracts/store-processes.ts';
import {
  diagnostic,
  generation,
  openKey,
  override,
} from '../../../test/contracts/store-samples.ts';
import { startPostgres } from '../../../test/support/postgres.ts';
import { startTcpRelay } from '../../../test/support/tcp-relay.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../../events.ts';
import { createFollowStore } from '../../policy/follow-store.ts';
import type { Store } from '../../protocol/store.ts';
import { openGatewayStore } from '../gateway-store.ts';
import { openStore } from '../open-store.ts';

const server = await startPostgres();

const tables = [
  'keys',
  'overrides',
  'decisions',
  'notable_decisions',
  'runs',
  'run_steps',
  'usage',
  'spending',
  'reservations',
  'request_counts',
  'turns',
  'conversations',
  'waiting_runs',
  'waiting_states',
  'waiting_calls',
  'waiting_generations',
  'waiting_files',
  'idempotent_requests',
  'console_sessions',
  'kept_generations',
  'diagnostics',
];

describe.skipIf('missing' in server)(
  'missing' in server ? `Postgres, left out: ${server.missing}` : 'Postgres',
  () => {
    if ('missing' in server) return;
    const { newDatabase, stop } = server;
    let shared: Client;
    let url = '';

    beforeAll(async () => {
      url = await newDatabase();
      await (await openStore(url)).close();
      shared = new Client(url);
      await shared.connect();
    });

    afterAll(async () => {
      await shared.end();
      await stop();
    });

    /** The one database without rows: a new one for each test would take longer than the tests. */
    const emptied = async () => ({
      url,
      destroy: async () => {
        await shared.query(tables.map((table) => `delete from ${table}`).join('; '));
      },
    });

    const opened = async (at: string): Promise<Store> => {
      const store = await openStore(at);
      onTestFinished(() => store.close());
      return store;
    };

    /** The database over a relay that can be cut. */
    const relayed = async () => {
      const direct = new URL(url);
      const relay = await startTcpRelay({ host: direct.hostname, port: Number(direct.port) });
      onTestFinished(relay.cut);
      direct.port = `${relay.port}`;
      direct.password = 'S3CRET';
      const place = `postgres://127.0.0.1:${relay.port}${direct.pathname}`;
      return { ...relay, url: direct.href, place };
    };

    describeStore('Postgres', emptied);
    describeStoreProcesses('Postgres', async () => ({
      url: await newDatabase(),
      destroy: async () => {},
    }));

    test('tells another gateway of a change at once', async () => {
      const [here, there] = [await opened(url), await opened(url)];
      let hints = 0;
      there.onNotification(() => {
        hints += 1;
      });
      await until('listening to begin', () => hints > 0);
      await here.announceRules();
      await until('the word of the change', () => hints > 1);
    });

    test('has a change made here in the memory of another gateway', async () => {
      const [here, there] = [await opened(url), await opened(url)];
      const events: GatewayEvent[] = [];
      const followed = createFollowStore({
        store: there,
        steadyMs: performance.now.bind(performance),
        emit: (event) => events.push(event),
      });
      onTestFinished(followed.close);
      let known: string[] = [];
      await followed.follow('overrides', async () => {
        known = (await there.overrides.list()).map(({ id }) => id);
      });
      await here.overrides.insert(override);
      await until('the override', () => known.includes(override.id));
      expect(events).toEqual([]);
      await emptied().then(({ destroy }) => destroy());
    });

    test('keeps what is of one machine there', async () => {
      const [here, there] = [await tempFolder(), await tempFolder()];
      const openIn = async (folder: string) => {
        const store = await openGatewayStore(url, folder);
        onTestFinished(() => store.close());
        return store;
      };
      const [one, other] = [await openIn(here), await openIn(there)];
      await one.generations.put(generation);
      await one.diagnostics.change({ put: [diagnostic], remove: [] });
      await one.keys.insert(openKey);
      expect([await other.generations.list(), await other.diagnostics.list()]).toEqual([[], []]);
      expect(await other.keys.list()).toEqual([openKey]);
      expect(await (await openIn(here)).generations.list()).toEqual([generation]);
      await emptied().then(({ destroy }) => destroy());
    });

    test('says that its server is away, and is there again with it', async () => {
      const relay = await relayed();
      const store = await opened(relay.url);
      let hints = 0;
      store.onNotification(() => {
        hints += 1;
      });
      await until('listening to begin', () => hints > 0);
      await relay.cut();
      const away = `The store ${relay.place} cannot be reached. Start its server, or correct store_url.`;
      await expect(store.versions()).rejects.toThrow(away);
      await expect(store.keys.insert(openKey)).rejects.toThrow(away);
      await expect(openStore(relay.url)).rejects.toThrow(away);
      const before = hints;
      await relay.mend();
      expect(await store.keys.list()).toEqual([]);
      await until('listening to begin again', () => hints > before);
    });

    test('gives up a connection that no answer comes over', async () => {
      const relay = await relayed();
      const limits = 'query_timeout=2000&connectionTimeoutMillis=2000';
      const store = await opened(`${relay.url}?${limits}`);
      await store.versions();
      relay.mute();
      await expect(store.keys.insert(openKey)).rejects.toThrow('cannot be reached');
      await relay.mend();
      expect(await store.keys.list()).toEqual([]);
      // Nor does the end wait for one.
      relay.mute();
      await store.close();
    });

    test('keeps no request waiting for a server that is stalled, nor what it did meanwhile', async () => {
      const relay = await relayed();
      const store = await opened(relay.url);
      const reserve = (id: string) => {
        const limits = { tokensPerDay: 100, tokensPerMonth: null };
        const call = { keyId: 'key_a', tokens: 60, nowSeconds: 1000, leaseSeconds: 600 };
        return store.spending.reserve({ id, limits, ...call });
      };
      await store.versions();
      relay.mute();
      const stalled = `The store ${relay.place} did not answer in time. See what else its server is doing.`;
      await expect(reserve('call_a')).rejects.toThrow(stalled);
      // From now on at once.
      const turn = new Promise((done) => setImmediate(done, 'waited'));
      const second = store.rates.count('key_a', { nowMs: 0, lengthMs: 1 }).catch(String);
      expect(await Promise.race([second, turn])).toBe(`StoreError: ${stalled}`);
      relay.speak();
      await until('the store to answer', () => store.versions().catch(() => null));
      const none = { day: 0, month: 0, reserved: 0 };
      await until('what was given up to be given back', async () => {
        const [row] = (await shared.query("select settled from reservations where id = 'call_a'"))
          .rows;
        return row?.settled === 1;
      });
      expect(await store.spending.spent('key_a', 1000)).toEqual(none);
      expect(await reserve('call_b')).toEqual({ type: 'reserved' });
      await emptied().then(({ destroy }) => destroy());
    });

    test('survives that its server ends an idle connection', async () => {
      const store = await opened(url);
      await store.versions();
      await shared.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'dropgate' and datname = current_database()`,
      );
      await until('the store to answer', () => store.versions().catch(() => null));
    });

    test('is refused where a newer version wrote it', async () => {
      const newer = await newDatabase();
      await (await openStore(newer)).close();
      const client = new Client(newer);
      await client.connect();
      await client.query(
        `insert into kysely_migration values ('9999_later', '2030-01-01T00:00:00Z')`,
      );
      await client.end();
      await expect(openStore(newer)).rejects.toThrow(
        'The store was written by a newer version of Dropgate. Update Dropgate, or use another store_url.',
      );
    });

    const changed = (change: (url: URL) => void) => {
      const other = new URL(url);
      other.password = 'S3CRET';
      change(other);
      return openStore(other.href).then(
        () => 'opened',
        (error: Error) => `${error.name}: ${error.message}`.replace(/:\d+\//, ':5432/'),
      );
    };

    test('says what is wrong with its URL, without the password', async () => {
      const name = new URL(url).pathname;
      expect([
        await changed((it) => {
          it.pathname = '/gone';
        }),
        await changed((it) => {
          it.username = 'locked';
        }),
        await changed((it) => {
          it.searchParams.set('sslmode', 'verify-full');
        }),
      ]).toEqual([
        'StoreError: The store postgres://127.0.0.1:5432/gone does not exist on its server. Create the database, or correct store_url.',
        `StoreError: The store postgres://127.0.0.1:5432${name} refuses the user or the password. Correct store_url.`,
        `StoreError: The store postgres://127.0.0.1:5432${name} offers no TLS that the sslmode of store_url accepts. Correct its certificate, or store_url (sslrootcert is the file of your own authority).`,
      ]);
    });
  },
);

test('a URL that is none is not repeated', async () => {
  const failed = openStore('postgres://me:S3CRET%@[db/gateway');
  await expect(failed).rejects.toThrow('The store_url is no valid postgres:// URL.');
  await expect(failed).rejects.not.toThrow('S3CRET');
});
