import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { explainSqlite } from '../engines/sqlite-errors.ts';
import { StoreError } from '../store-error.ts';
import type { BackupEnd, BackupHeader } from './backup-lines.ts';
import { movePaths } from './move-paths.ts';
import { putSqlite } from './put-sqlite.ts';
import { stageBackup } from './stage-backup.ts';
import { localTables } from './table-names.ts';

export type RestoreRequest = {
  readonly file: string;
  readonly storeUrl: string;
  /** In the project root. */
  readonly stateFolder: string;
  /** Whether a store that holds something already gives way. */
  readonly replace: boolean;
  /** Whether it is only told what would be done. */
  readonly checkOnly: boolean;
  /** The group of the workers' user, which has to read kept files; null where workers run as the gateway's own user. */
  readonly readableBy: number | null;
  /** Ends it, as long as nothing was changed. */
  readonly signal: AbortSignal;
};

/** What was in the backup, and where the store that was there before lies now. */
export type Restored = {
  readonly header: BackupHeader;
  readonly end: BackupEnd;
  /** Files that were moved aside. */
  readonly movedAside: readonly string[];
};

/**
 * Puts a backup in the place of the store and of the kept generations. The whole backup is read and brought up to date
 * before anything is changed.
 *
 * @throws The reason of the signal; StoreError where the backup is not whole or of a newer version, the store is in use, or holds something.
 */
export async function restoreBackup(request: RestoreRequest): Promise<Restored> {
  const { stateFolder, file } = request;
  await mkdir(stateFolder, { recursive: true, mode: 0o700 }).catch((cause) => {
    throw notWritable(stateFolder, cause);
  });
  const folder = join(stateFolder, `restore-${randomUUID()}`);
  await mkdir(folder, { mode: 0o700 }).catch((cause) => {
    throw notWritable(stateFolder, cause);
  });
  try {
    const { header, end, database, files } = await stageBackup(file, folder, request.signal);
    if (request.checkOnly) return { header, end, movedAside: [] };
    movePaths(database, header.project_root, dirname(stateFolder));
    const movedAside = await putStore(request, database);
    await putFiles(files, join(stateFolder, 'generations'), request.readableBy);
    return { header, end, movedAside };
  } catch (cause) {
    if (cause instanceof StoreError || request.signal.aborted) throw cause;
    throw new StoreError(explainSqlite(stateFolder, cause), { cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function putStore(request: RestoreRequest, staged: string): Promise<readonly string[]> {
  const { storeUrl, stateFolder, replace } = request;
  if (storeUrl.startsWith('sqlite:')) {
    return putSqlite({ staged, target: storeUrl.slice('sqlite:'.length), replace });
  }
  const local = join(stateFolder, 'gateway.db');
  const { putPostgres } = await import('./put-postgres.ts');
  await putPostgres({ staged, url: storeUrl, replace });
  // What is of this machine: the rest of its file is never read.
  return putSqlite({ staged, target: local, replace: true, only: localTables });
}

async function putFiles(from: string, to: string, readableBy: number | null): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await readdir(from)) {
    const path = join(from, name);
    if (readableBy !== null) {
      await chown(path, (await stat(path)).uid, readableBy);
      await chmod(path, 0o640);
    }
    await rename(path, join(to, name));
  }
}

function notWritable(folder: string, cause: NodeJS.ErrnoException): StoreError {
  return new StoreError(`${folder} cannot be written (${cause.code}).`, { cause });
}
