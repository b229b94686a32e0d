import { DatabaseSync } from 'node:sqlite';
import { localTables, ownTables } from './table-names.ts';

/**
 * Lets what is kept of a project hold in another folder: paths in the records of this machine that lie below the one
 * lie below the other then.
 *
 * @param path - Of a SQLite file that nobody has open.
 */
export function movePaths(path: string, from: string, to: string): void {
  if (from === to) return;
  const database = new DatabaseSync(path);
  const moved = (_name: string, value: unknown): unknown =>
    typeof value === 'string' && (value === from || value.startsWith(`${from}/`))
      ? to + value.slice(from.length)
      : value;
  try {
    const listed = database.prepare("select name from sqlite_master where type = 'table'").all();
    const names = ownTables(listed.map(({ name }) => String(name)));
    for (const table of names.filter((name) => localTables.has(name))) {
      const change = database.prepare(`update "${table}" set record = ? where rowid = ?`);
      for (const { rowid, record } of database
        .prepare(`select rowid, record from "${table}"`)
        .all()) {
        if (rowid === undefined) continue;
        change.run(JSON.stringify(JSON.parse(String(record)), moved), rowid);
      }
    }
  } finally {
    database.close();
  }
}
