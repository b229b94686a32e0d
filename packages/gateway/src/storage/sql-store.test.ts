import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeStore } from '../../test/contracts/store-contract.ts';
import { openStore } from './sql-store.ts';

describeStore('SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-store-'));
  return {
    open: () => openStore(`sqlite:${join(folder, 'gateway.db')}`),
    destroy: async () => rmSync(folder, { recursive: true }),
  };
});

describe('openStore', () => {
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dropgate-store-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
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

  test('loses no key that was acknowledged when the process is killed', async () => {
    const path = join(folder, 'gateway.db');
    const storeModule = pathToFileURL(join(import.meta.dirname, 'sql-store.ts')).href;
    const script = `
      import { openStore } from ${JSON.stringify(storeModule)};
      const store = await openStore(${JSON.stringify(`sqlite:${path}`)});
      for (let i = 0; i < 20; i++) await store.keys.insert({ id: 'key_' + i, name: 'n', role: 'caller',
        hash: String(i), namespaces: null, agents: null, createdAtSeconds: i, createdBy: 'test',
        expiresAtSeconds: null, revokedAtSeconds: null });
      process.kill(process.pid, 'SIGKILL');
    `;
    const killed = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    await expect(killed).rejects.toMatchObject({ signal: 'SIGKILL' });
    const store = await openStore(`sqlite:${path}`);
    expect(await store.keys.list()).toHaveLength(20);
    await store.close();
  });

  test('migrates once when several processes open a new file', async () => {
    const path = join(folder, 'gateway.db');
    const storeModule = pathToFileURL(join(import.meta.dirname, 'sql-store.ts')).href;
    const script = `
      import { openStore } from ${JSON.stringify(storeModule)};
      const store = await openStore(${JSON.stringify(`sqlite:${path}`)});
      console.log((await store.keys.list()).length);
      await store.close();
    `;
    const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    const results = await Promise.all([run(), run(), run()]);
    expect(results.map(({ stdout }) => stdout)).toEqual(['0\n', '0\n', '0\n']);
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

  test.each([
    [
      'postgres://me:S3CRET@db/gateway',
      'This version of Dropgate has no Postgres store yet. Use `sqlite:<file>` as store_url.',
    ],
    ['mysql://me:S3CRET@db', 'The store_url is of an unknown kind. Use `sqlite:<file>`.'],
  ])('refuses %s without repeating its password', async (url, message) => {
    await expect(openStore(url)).rejects.toThrow(message);
  });
});
