import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely } from 'kysely';
import { openSqliteFile, type SqliteFile, sqliteCode } from './dialects.ts';
import { migrate, type Tables } from './migrations.ts';
import { createDiagnosticStore } from './sql-diagnostics.ts';
import { createGenerationStore } from './sql-generations.ts';
import { createKeyStore, type Guard } from './sql-keys.ts';
import { type Store, StoreError } from './store.ts';

/** How long work waits for another process to finish writing. */
const BUSY_TIMEOUT_MS = 5000;

/** Pause before work that found the store busy is tried again. */
const BUSY_PAUSE_MS = 20;

/**
 * Opens the store, made and brought up to date where needed. A new file is readable by its owner only.
 *
 * @param url - `sqlite:<file>`.
 * @param options.busyTimeoutMs - How long to wait for other writers before `StoreError`.
 * @throws StoreError where it cannot be used: unknown scheme, damaged, locked, not writable, of a newer version.
 */
export async function openStore(
  url: string,
  options: { readonly busyTimeoutMs?: number } = {},
): Promise<Store> {
  const path = /^sqlite:(.+)$/.exec(url)?.[1];
  if (path === undefined) throw new StoreError(unsupported(url));
  const { busyTimeoutMs = BUSY_TIMEOUT_MS } = options;
  const guarded: Guard = async (work) => {
    try {
      return await patiently(work, busyTimeoutMs);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw new StoreError(explain(path, error), { cause: error });
    }
  };
  const file = await guarded(() => openPrivately(path));
  const database = new Kysely<Tables>({ dialect: file.dialect });
  try {
    await guarded(() => migrate(database));
  } catch (error) {
    await database.destroy();
    throw error;
  }
  return {
    keys: createKeyStore(database, guarded),
    generations: createGenerationStore(database, guarded),
    diagnostics: createDiagnosticStore(database, guarded),
    version: () => guarded(() => file.version()),
    close: () => database.destroy(),
  };
}

function openPrivately(path: string): SqliteFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  return openSqliteFile(path);
}

/** Waits for other writers without blocking the process; busy work has done nothing yet, so it is done again. */
async function patiently<Result>(
  work: () => Promise<Result> | Result,
  busyTimeoutMs: number,
): Promise<Result> {
  const deadlineMs = performance.now() + busyTimeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (sqliteCode(error) !== SQLITE_BUSY || performance.now() > deadlineMs) throw error;
    }
    await sleep(BUSY_PAUSE_MS);
  }
}

const SQLITE_BUSY = 5;

function explain(path: string, error: unknown): string {
  switch (sqliteCode(error)) {
    case SQLITE_BUSY:
    case 6:
      return `The store ${path} is locked by another process. End that process, or wait and try again.`;
    case 8:
    case 14:
      return notWritable(path);
    case 11:
    case 26:
      return `The store ${path} is damaged or is no SQLite file. Restore it from a backup, or move it away to begin with an empty one (its keys are lost then).`;
    case 13:
      return `The disk that holds the store ${path} is full. Free some space.`;
    default:
      return fileFault(path, error);
  }
}

function fileFault(path: string, error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return notWritable(path);
    case 'ENOSPC':
      return `The disk that holds the store ${path} is full. Free some space.`;
    default:
      return `The store ${path} cannot be used. Set store_url to another file, or see the cause in the log.`;
  }
}

function notWritable(path: string): string {
  return `The store ${path} cannot be opened for writing. Correct its permissions, or set store_url to another file.`;
}

function unsupported(url: string): string {
  return /^postgres(ql)?:/.test(url)
    ? 'This version of Dropgate has no Postgres store yet. Use `sqlite:<file>` as store_url.'
    : 'The store_url is of an unknown kind. Use `sqlite:<file>`.';
}
