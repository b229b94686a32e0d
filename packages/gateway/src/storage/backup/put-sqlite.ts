import { existsSync } from 'node:fs';
import { chmod, copyFile, link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { explainSqlite, sqliteCode } from '../engines/sqlite-errors.ts';
import { StoreError } from '../store-error.ts';
import { ownTables } from './table-names.ts';

const SQLITE_BUSY = 5;

type PutSqlite = {
  /** A file in the tables of this version, that nobody has open. */
  readonly staged: string;
  readonly target: string;
  readonly replace: boolean;
  /** Tables that keep their rows; without it all do. */
  readonly only?: ReadonlySet<string>;
};

/**
 * Puts a SQLite file in the place of another, which is kept beside it and never removed. At no moment is there none.
 *
 * @returns Where it lies now.
 * @throws StoreError where another process has it open, or it holds something and is not to give way.
 */
export async function putSqlite(work: PutSqlite): Promise<readonly string[]> {
  const { staged, target } = work;
  if (work.only) keepOnly(staged, work.only);
  const isThere = existsSync(target);
  if (isThere) closeFor(target, work.replace);
  const aside = `${target}.before-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  try {
    await chmod(staged, 0o600);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    if (isThere) await keepAs(target, aside);
    // Left by a killed process, they would be taken for those of the file that comes.
    for (const end of ['-wal', '-shm']) await rm(`${target}${end}`, { force: true });
    await sync(staged);
    await rename(staged, target);
    await sync(dirname(target));
  } catch (error) {
    throw new StoreError(explainSqlite(target, error), { cause: error });
  }
  return isThere ? [aside] : [];
}

/** A second name of the file, or a copy where the file system knows no such names. */
async function keepAs(path: string, aside: string): Promise<void> {
  await link(path, aside).catch(() => copyFile(path, aside));
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}

function keepOnly(path: string, tables: ReadonlySet<string>): void {
  const database = new DatabaseSync(path);
  try {
    // Numbers of versions belong to the tables themselves.
    const others = tablesOf(database).filter((name) => !tables.has(name) && name !== 'versions');
    for (const name of others) database.exec(`delete from "${name}"`);
  } finally {
    database.close();
  }
}

/** Brings the log of a file into it, alone. */
function closeFor(path: string, replace: boolean): void {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('pragma locking_mode = exclusive; begin exclusive; commit');
    database.exec('pragma wal_checkpoint(truncate)');
    const full = tablesOf(database).filter(
      (name) => name !== 'versions' && hasRows(database, name),
    );
    if (full.length > 0 && !replace) {
      throw new StoreError(
        `The store ${path} holds something already (${full.join(', ')}). Restore with --replace: it is moved aside then.`,
      );
    }
  } catch (error) {
    if (error instanceof StoreError) throw error;
    if (sqliteCode(error) === SQLITE_BUSY) {
      throw new StoreError(
        `The store ${path} is open in another process. Stop the gateway, then restore.`,
        { cause: error },
      );
    }
    // What is no database any more may be replaced.
    if (!replace) throw new StoreError(explainSqlite(path, error), { cause: error });
  } finally {
    database?.close();
  }
}

function tablesOf(database: DatabaseSync): readonly string[] {
  const listed = database.prepare("select name from sqlite_master where type = 'table'").all();
  return ownTables(listed.map(({ name }) => String(name)));
}

function hasRows(database: DatabaseSync | null, table: string): boolean {
  return database?.prepare(`select 1 from "${table}" limit 1`).get() !== undefined;
}
