import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { link, lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { StoreError } from '../store-error.ts';
import { type BackupEnd, FORMAT_VERSION, pieceLine, rowLine } from './backup-lines.ts';
import type { Snapshot } from './snapshot.ts';
import { snapshotSqlite } from './snapshot-sqlite.ts';
import { localTables } from './table-names.ts';

/** Of a kept file, at a time. */
const PIECE_BYTES = 4 * 1024 * 1024;

export type BackupRequest = {
  readonly storeUrl: string;
  /** In the project root. Where the generations lie that are kept, and on Postgres the file of what is of this machine alone. */
  readonly stateFolder: string;
  /** Where the backup goes; nothing may be there. */
  readonly file: string;
  /** Of this package. */
  readonly dropgateVersion: string;
  /** Ends it; what it has written is removed then. */
  readonly signal: AbortSignal;
};

/** What a backup holds. */
export type BackupSummary = Pick<BackupEnd, 'rows' | 'files'> & {
  readonly engine: 'sqlite' | 'postgres';
};

/**
 * Writes the store and the kept generations, as they are at one moment, into one file that only its owner may read.
 * Gateways go on meanwhile. Nothing is left behind where it fails.
 *
 * @throws The reason of the signal; StoreError where the store cannot be read, the file is there already, or it cannot be written.
 */
export async function writeBackup(request: BackupRequest): Promise<BackupSummary> {
  const { file, signal } = request;
  const stores = await openStores(request);
  try {
    await refuseExisting(file);
    const draft = `${file}.${randomUUID()}.part`;
    const counted = { rows: {} as Record<string, number>, files: 0 };
    try {
      const lines = Readable.from(linesOf(stores, request, counted));
      const written = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
      await pipeline(lines, createGzip(), written, { signal });
      await publish(draft, file);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof StoreError ? error : notWritten(file, error);
    } finally {
      await rm(draft, { force: true });
    }
    return { engine: stores.main.engine, ...counted };
  } finally {
    await Promise.all([stores.main.close(), stores.local?.close()]);
  }
}

type Stores = { readonly main: Snapshot; readonly local: Snapshot | null };

async function openStores({ storeUrl, stateFolder }: BackupRequest): Promise<Stores> {
  if (storeUrl.startsWith('sqlite:')) {
    return { main: await snapshotSqlite(storeUrl.slice('sqlite:'.length)), local: null };
  }
  const main = await (await import('./snapshot-postgres.ts')).snapshotPostgres(storeUrl);
  try {
    const local = await snapshotSqlite(join(stateFolder, 'gateway.db')).catch((error) => {
      // No gateway has run here yet.
      if (error instanceof StoreError && error.cause === undefined) return null;
      throw error;
    });
    if (local && local.migrations.join() !== main.migrations.join()) {
      await local.close();
      throw new StoreError(
        'The file of this machine in .dropgate/gateway.db is of another version of Dropgate than the database. Start the gateway once, then make the backup.',
      );
    }
    return { main, local };
  } catch (error) {
    await main.close();
    throw error;
  }
}

/** An existing file is never written over. */
async function refuseExisting(file: string): Promise<void> {
  const isThere = await lstat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
  if (isThere) throw thereAlready(file);
}

/** Gives a whole file its name, unless something has it by now: a name alone would be taken for a backup. */
async function publish(draft: string, file: string): Promise<void> {
  try {
    await link(draft, file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw thereAlready(file);
    // Some file systems have no second names.
    if (!/^(EPERM|ENOTSUP|EOPNOTSUPP|ENOSYS)$/.test(code)) throw error;
    await refuseExisting(file);
    await rename(draft, file);
  }
}

function thereAlready(file: string): StoreError {
  return new StoreError(`${file} is there already. Name another file.`);
}

function notWritten(file: string, cause: unknown): StoreError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
  return new StoreError(`The backup cannot be written to ${file} (${code}).`, { cause });
}

async function* linesOf(
  { main, local }: Stores,
  request: BackupRequest,
  counted: { rows: Record<string, number>; files: number },
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  const line = (text: string) => {
    const whole = `${text}\n`;
    hash.update(whole);
    return whole;
  };
  yield line(
    JSON.stringify({
      format: 'dropgate-backup',
      format_version: FORMAT_VERSION,
      dropgate: request.dropgateVersion,
      made_at: new Date().toISOString(),
      engine: main.engine,
      project_root: dirname(request.stateFolder),
      migrations: main.migrations,
    }),
  );
  const parts = local ? [local, main] : [main];
  for (const part of parts) {
    const isLocal = (table: string) => localTables.has(table) && local !== null;
    for (const table of part.tables.filter((name) => isLocal(name) === (part === local))) {
      counted.rows[table] = 0;
      for await (const row of part.rows(table)) {
        counted.rows[table] += 1;
        yield line(rowLine(table, row));
      }
    }
  }
  // After the rows: files are kept before a row names them.
  for await (const { name, bytes } of keptFiles(join(request.stateFolder, 'generations'))) {
    counted.files += 1;
    // An empty file is a piece too.
    for (let from = 0; from === 0 || from < bytes.length; from += PIECE_BYTES) {
      yield line(pieceLine(name, bytes.subarray(from, from + PIECE_BYTES)));
    }
  }
  yield `${JSON.stringify({ end: { ...counted, sha256: hash.digest('hex') } })}\n`;
}

async function* keptFiles(folder: string): AsyncGenerator<{ name: string; bytes: Buffer }> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Nothing was kept yet.
    if (error.code === 'ENOENT') return [];
    throw new StoreError(`The kept files in ${folder} cannot be listed (${error.code}).`, {
      cause: error,
    });
  });
  for (const name of names.filter((each) => /^[0-9a-f]{64}$/.test(each)).toSorted()) {
    const bytes = await readFile(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
      // A gateway that starts removes what is in no use.
      if (error.code === 'ENOENT') return null;
      throw new StoreError(`A kept file in ${folder} cannot be read (${error.code}).`, {
        cause: error,
      });
    });
    // What is no longer what was kept serves nobody.
    const isWhole = bytes && createHash('sha256').update(bytes).digest('hex') === name;
    if (isWhole) yield { name, bytes };
  }
}
