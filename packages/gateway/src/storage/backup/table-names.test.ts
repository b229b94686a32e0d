import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { openStore } from '../open-store.ts';
import { ownTables, passingTables } from './table-names.ts';

test('every table of the store is backed up, but for logins of the console', async () => {
  const path = join(await tempFolder(), 'gateway.db');
  await (await openStore(`sqlite:${path}`)).close();
  const database = new DatabaseSync(path);
  const rows = database.prepare("select name from sqlite_master where type = 'table'").all();
  database.close();
  const names = rows.map(({ name }) => String(name));
  const others = ['kysely_migration', 'kysely_migration_lock', ...passingTables];
  expect(ownTables(names)).toEqual(names.filter((name) => !others.includes(name)).toSorted());
});
