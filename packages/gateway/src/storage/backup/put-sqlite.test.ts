import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { putSqlite } from './put-sqlite.ts';

test('a store whose successor cannot be put in its place stays where it is', async () => {
  const folder = await tempFolder();
  const target = join(folder, 'gateway.db');
  const database = new DatabaseSync(target);
  database.exec("create table keys (id text); insert into keys values ('key_1')");
  database.close();
  // A folder is what a file cannot be replaced by.
  const staged = join(folder, 'staged');
  await mkdir(staged);
  await expect(putSqlite({ staged, target, replace: true })).rejects.toThrow(target);
  expect(await readdir(folder)).toContain('gateway.db');
  const there = new DatabaseSync(target, { readOnly: true });
  expect(there.prepare('select id from keys').all()).toEqual([{ id: 'key_1' }]);
  there.close();
});
