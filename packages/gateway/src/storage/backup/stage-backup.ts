import { createHash } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { openSqliteFile } from '../engines/sqlite-dialect.ts';
import { sqliteCode } from '../engines/sqlite-errors.ts';
import { migrate, migrateTo } from '../migrate.ts';
import { migrations } from '../migrations.ts';
import { StoreError } from '../store-error.ts';
import type { Tables } from '../tables.ts';
import { type BackupEnd, type BackupHeader, type BackupLine, damaged } from './backup-lines.ts';
import { readBackup } from './read-backup.ts';
import { ownTables } from './table-names.ts';

/** A backup that was read to its end and is whole. */
export type Staged = {
  readonly header: BackupHeader;
  readonly end: BackupEnd;
  /** A SQLite file with all rows, in the tables of this version. Closed. */
  readonly database: string;
  /** Holds the kept files, named by their SHA-256. */
  readonly files: string;
};

/**
 * Unpacks a backup into a folder of its own: rows into the tables of the version that made it, which are then brought up
 * to date. Nothing else is touched.
 *
 * @param folder - Empty.
 * @throws The reason of the signal; StoreError where the backup cannot be read, is of a newer version, is cut or damaged.
 */
export async function stageBackup(
  file: string,
  folder: string,
  signal: AbortSignal,
): Promise<Staged> {
  const database = join(folder, 'gateway.db');
  const files = join(folder, 'generations');
  await mkdir(files, { mode: 0o700 });
  const writer = createFileWriter(files, file);
  let header: BackupHeader | null = null;
  let rows: RowWriter | null = null;
  try {
    const end = await readBackup(file, {
      async begin(read) {
        header = read;
        await makeTables(database, read);
        rows = createRowWriter(database, file);
      },
      async line(line) {
        signal.throwIfAborted();
        if (line.type === 'row') rows?.write(line);
        else await writer.write(line);
      },
    });
    await writer.end();
    (rows as RowWriter | null)?.commit();
    if (header === null) throw damaged(file);
    await withKysely(database, migrate);
    return { header, end, database, files };
  } finally {
    (rows as RowWriter | null)?.close();
    await writer.close();
  }
}

async function makeTables(path: string, header: BackupHeader): Promise<void> {
  const known = Object.keys(migrations).toSorted();
  const isKnown = header.migrations.every((name, at) => name === known[at]);
  const last = header.migrations.at(-1);
  if (!isKnown || last === undefined) {
    throw new StoreError(
      `The backup was made by a newer version of Dropgate (${header.dropgate}). Update Dropgate, then restore it.`,
    );
  }
  await withKysely(path, (database) => migrateTo(database, last));
}

async function withKysely(path: string, work: (database: Kysely<Tables>) => Promise<void>) {
  const file = openSqliteFile(path);
  const database = new Kysely<Tables>({ dialect: file.durable });
  try {
    await work(database);
  } finally {
    await database.destroy();
    file.close();
  }
}

type RowWriter = {
  write(line: Extract<BackupLine, { type: 'row' }>): void;
  commit(): void;
  close(): void;
};

function createRowWriter(path: string, place: string): RowWriter {
  const database = new DatabaseSync(path);
  database.exec('pragma synchronous = off; begin immediate');
  const listed = database.prepare("select name from sqlite_master where type = 'table'").all();
  const tables = ownTables(listed.map(({ name }) => String(name)));
  // Some changes of the tables put rows of their own.
  for (const table of tables) database.exec(`delete from "${table}"`);
  const statements = new Map<string, StatementSync>();
  return {
    write({ table, row }) {
      if (!tables.includes(table)) throw damaged(place);
      const columns = Object.keys(row);
      const key = JSON.stringify([table, ...columns]);
      try {
        const known = statements.get(key) ?? database.prepare(insertOf(table, columns));
        statements.set(key, known);
        known.run(...(Object.values(row) as SQLInputValue[]));
      } catch (error) {
        throw isOfDisk(error) ? error : damaged(place, error);
      }
    },
    commit: () => database.exec('commit'),
    close: () => {
      if (database.isOpen) database.close();
    },
  };
}

/** Whether SQLite could not write, so that the row is not to blame. */
function isOfDisk(error: unknown): boolean {
  const [failedWrite, full] = [10, 13];
  return [failedWrite, full].includes(sqliteCode(error) ?? 0);
}

function insertOf(table: string, columns: readonly string[]): string {
  const names = columns.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
  return `insert into "${table}" (${names}) values (${columns.map(() => '?').join(', ')})`;
}

/** Joins the pieces of files; each has to have the SHA-256 that it is named by. */
function createFileWriter(folder: string, place: string) {
  type Begun = {
    readonly name: string;
    readonly handle: Awaited<ReturnType<typeof open>>;
    readonly hash: ReturnType<typeof createHash>;
  };
  let begun: Begun | null = null;
  const end = async () => {
    if (!begun) return;
    const { name, handle, hash } = begun;
    begun = null;
    await handle.sync();
    await handle.close();
    if (hash.digest('hex') !== name) throw damaged(place);
    await rename(join(folder, `${name}.part`), join(folder, name));
  };
  return {
    end,
    async write({ file, bytes }: Extract<BackupLine, { type: 'piece' }>) {
      if (begun?.name !== file) {
        await end();
        const handle = await open(join(folder, `${file}.part`), 'wx', 0o600);
        begun = { name: file, handle, hash: createHash('sha256') };
      }
      begun.hash.update(bytes);
      // A plain write may take a part alone, as where a disk fills up.
      await begun.handle.writeFile(bytes);
    },
    close: async () => void (await begun?.handle.close()),
  };
}
