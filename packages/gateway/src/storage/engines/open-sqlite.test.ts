import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeStore } from '../../../test/contracts/store-contract.ts';
import { describeStoreProcesses, storeProcess } from '../../../test/contracts/store-processes.ts';
import { openKey } from '../../../test/contracts/store-samples.ts';
import { openStore } from '../open-store.ts';

const onSqlite = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-store-'));
  return {
    url: `sqlite:${join(folder, 'gateway.db')}`,
    destroy: async () => rmSync(folder, { recursive: true }),
  };
};
describeStore('SQLite', onSqlite);
describeStoreProcesses('SQLite', onSqlite);

describe('a SQLite store', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dropgate-store-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('has nothing in its file of what was removed from it', async () => {
    const store = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
    const turn = {
      id: 'resp_1',
      keyId: 'key_a',
      user: null,
      agentId: null,
      previousId: null,
      conversationId: null,
      createdMs: 1,
      status: 'completed',
      input: [],
      output: [],
      answer: 'what was said '.repeat(1000),
      aliveUntilMs: null,
      events: null,
      prefixHash: null,
    } as const;
    await store.turns.put(turn);
    await store.turns.put({ ...turn, id: 'resp_2', answer: 'still here' });
    await store.turns.remove('resp_1');
    await store.close();
    const file = readFileSync(join(folder, 'gateway.db'));
    expect(file.includes('still here')).toBe(true);
    expect(file.includes('what was said')).toBe(false);
  });

  test('makes the folder and the file for the owner only', async () => {
    const store = await openStore(`sqlite:${join(folder, 'state/gateway.db')}`);
    await store.keys.list();
    const mode = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);
    expect(mode('state')).toBe('700');
    expect(mode('state/gateway.db')).toBe('600');
    expect(mode('state/gateway.db-wal')).toBe('600');
    await store.close();
  });

  test('keeps of calls only what is set aside or was booked of late', async () => {
    const path = join(folder, 'gateway.db');
    const store = await openStore(`sqlite:${path}`);
    const settle = (id: string, nowSeconds: number) =>
      store.spending.settle({ id, keyId: 'key_a', tokens: 5, nowSeconds });
    const limits = { tokensPerDay: 100, tokensPerMonth: null };
    for (const [id, leaseSeconds] of Object.entries({ call_lost: 60, call_slow: 7200 })) {
      const call = { id, keyId: 'key_a', tokens: 1, limits, nowSeconds: 1000, leaseSeconds };
      await store.spending.reserve(call);
    }
    await settle('call_a', 1000);
    await settle('call_b', 1950);
    const database = new DatabaseSync(path);
    const rows = database.prepare('select id from reservations order by id').all();
    database.close();
    await store.close();
    expect(rows.map(({ id }) => id)).toEqual(['call_b', 'call_slow']);
  });

  test('says that a damaged file is to be restored or moved away', async () => {
    const path = join(folder, 'gateway.db');
    writeFileSync(
      path,
      'this is not a database, but it is long enough to be read as one'.repeat(40),
    );
    await expect(openStore(`sqlite:${path}`)).rejects.toMatchObject({
      name: 'StoreError',
      message: `The store ${path} is damaged or is no SQLite file. Restore it from a backup, or move it away to begin with an empty one (its keys are lost then).`,
    });
  });

  test('says that a file of a newer version needs a newer Dropgate', async () => {
    const path = join(folder, 'gateway.db');
    await (await openStore(`sqlite:${path}`)).close();
    const database = new DatabaseSync(path);
    database.exec(
      "insert into kysely_migration (name, timestamp) values ('9999_later', '2030-01-01T00:00:00Z')",
    );
    database.close();
    await expect(openStore(`sqlite:${path}`)).rejects.toThrow(
      'The store was written by a newer version of Dropgate. Update Dropgate, or use another store_url.',
    );
  });

  test('says that a file held by another process is locked, after waiting for it', async () => {
    const path = join(folder, 'gateway.db');
    const store = await openStore(`sqlite:${path}`, { busyTimeoutMs: 200 });
    const holder = new DatabaseSync(path);
    holder.exec('begin immediate');
    await expect(store.keys.revoke('key_x', 1)).rejects.toThrow(
      `The store ${path} is locked by another process. End that process, or wait and try again.`,
    );
    holder.exec('rollback');
    expect(await store.keys.revoke('key_x', 1)).toBe(false);
    holder.close();
    await store.close();
  });

  test('says that a folder is no store', async () => {
    await expect(openStore(`sqlite:${folder}`)).rejects.toThrow(
      `The store ${folder} cannot be opened for writing. Correct its permissions, or set store_url to another file.`,
    );
  });

  test('keeps the keys and the generations that an earlier version wrote', async () => {
    const path = join(folder, 'gateway.db');
    const database = new DatabaseSync(path);
    database.exec(earlierVersion);
    database.close();
    const store = await openStore(`sqlite:${path}`);
    expect(await store.keys.list()).toEqual([{ ...openKey, agents: ['labs/*'] }]);
    expect(await store.versions()).toEqual({ keys: 1, overrides: 1, rules: 1 });
    expect(await store.generations.list()).toEqual([{ agentId: 'default/a', generation: 3 }]);
    await store.close();
  });

  test('says that its disk is full, and goes on when there is space again', async ({ skip }) => {
    const run = promisify(execFile);
    const mount = 'mount -t tmpfs -o size=500k none "$0"';
    const allowed = await run('unshare', ['-m', 'sh', '-c', mount, folder]).catch(String);
    if (typeof allowed === 'string') skip(`a small disk cannot be made here: ${allowed}`);
    const script = `${mount} && head -c 100000 /dev/zero >"$0/ballast" || exit 3
      "$1" "$2" "sqlite:$0/gateway.db" write | tail -n 1
      rm "$0/ballast" && "$1" "$2" "sqlite:$0/gateway.db" open`;
    const args = ['-m', 'sh', '-c', script, folder, process.execPath, storeProcess];
    const { stdout } = await run('unshare', args);
    const full = `StoreError: The disk that holds the store ${folder}/gateway.db is full. Free some space.`;
    expect(stdout.split('\n')).toEqual([full, expect.stringMatching(/^\{"keys":\d+,/), '']);
  });
});

/** A database as the first version left it, with a key. */
const earlierVersion = `
create table kysely_migration (name varchar(255) not null primary key, timestamp varchar(255) not null);
create table kysely_migration_lock (id varchar(255) not null primary key, is_locked integer default 0 not null);
create table keys (id text primary key, name text not null, role text not null, hash text not null unique,
  namespaces text, agents text, created_at bigint not null, created_by text not null, expires_at bigint, revoked_at bigint);
create table generations (agent_id text primary key, record text not null);
insert into generations values ('default/a', '{"agentId":"default/a","generation":3}');
create table diagnostics (id text primary key, last_seen text not null, record text not null);
insert into kysely_migration values ('0001_keys', '2026-11-22T17:07:13.947Z'),
  ('0002_generations', '2026-11-22T17:07:13.948Z'), ('0003_diagnostics', '2026-11-22T17:07:13.949Z');
insert into kysely_migration_lock values ('migration_lock', 0);
insert into keys values ('${openKey.id}', '${openKey.name}', 'admin', '${openKey.hash}', null, '["labs/*"]',
  ${openKey.createdAtSeconds}, '${openKey.createdBy}', null, null);
`;
