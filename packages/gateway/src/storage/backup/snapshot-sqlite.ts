import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { explainSqlite } from '../engines/sqlite-errors.ts';
import { StoreError } from '../store-error.ts';
import type { Row } from './backup-lines.ts';
import { knownMigrations, noStore, type Snapshot } from './snapshot.ts';
import { MIGRATIONS, ownTables } from './table-names.ts';

/** How long a writer that has to be alone for a moment is waited for. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * Opens a SQLite file for reading, at one moment.
 *
 * @throws StoreError where there is none, or it holds no store.
 */
export async function snapshotSqlite(path: string): Promise<Snapshot> {
  if (!existsSync(path)) throw noStore(path);
  const failed = (error: unknown) => new StoreError(explainSqlite(path, error), { cause: error });
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw failed(error);
  }
  try {
    // The moment is that of the first read.
    database.exec('begin');
    const listed = database.prepare("select name from sqlite_master where type = 'table'").all();
    const names = listed.map(({ name }) => String(name));
    if (!names.includes(MIGRATIONS)) throw noStore(path);
    const applied = database.prepare(`select name from ${MIGRATIONS} order by name`).all();
    return {
      engine: 'sqlite',
      migrations: knownMigrations(applied),
      tables: ownTables(names),
      async *rows(table) {
        try {
          for (const row of database.prepare(`select * from "${table}"`).iterate())
            yield row as Row;
        } catch (error) {
          throw failed(error);
        }
      },
      close: async () => database.close(),
    };
  } catch (error) {
    database.close();
    throw error instanceof StoreError ? error : failed(error);
  }
}
