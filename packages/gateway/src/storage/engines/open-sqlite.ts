import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import type { Engine, EngineOptions, Promptly } from './engine.ts';
import { createGuard } from './guard.ts';
import { openSqliteFile } from './sqlite-dialect.ts';
import { explainSqlite, sqliteCode } from './sqlite-errors.ts';

const SQLITE_BUSY = 5;

/**
 * Opens a SQLite file; a new one, and the folder it lies in, is readable by its owner only.
 *
 * @param url - `sqlite:<file>`.
 * @throws StoreError where it cannot be opened.
 */
export async function openSqlite(url: string, { busyTimeoutMs }: EngineOptions): Promise<Engine> {
  const path = url.slice('sqlite:'.length);
  const guarded = createGuard({
    isBusy: (error) => sqliteCode(error) === SQLITE_BUSY,
    explain: (error) => explainSqlite(path, error),
    busyTimeoutMs,
  });
  const file = await guarded(() => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, 'a', 0o600));
    return openSqliteFile(path);
  });
  // A file is there, or it is not.
  const atOnce: Promptly['ask'] = (work) => guarded(() => work({ isGivenUp: false }));
  const durable = new Kysely<Tables>({ dialect: file.durable });
  const relaxed = new Kysely<Tables>({ dialect: file.relaxed });
  return {
    durable,
    relaxed,
    guarded,
    promptly: { ask: atOnce, probe: atOnce },
    isShared: false,
    dataVersion: file.dataVersion,
    // Other processes see the file change; there is nobody to tell.
    announce: async () => {},
    onNotification: () => () => {},
    async close() {
      await Promise.all([durable.destroy(), relaxed.destroy()]);
      file.close();
    },
  };
}
