import type { Kysely } from 'kysely';
import { type MigrationProvider, Migrator } from 'kysely/migration';
import { migrations } from './migrations.ts';
import { StoreError } from './store-error.ts';
import type { Tables } from './tables.ts';

/**
 * Brings a database up to date, forward only. Several processes may do so at once: one migrates, the others wait.
 *
 * @throws StoreError where a newer version of Dropgate wrote the database.
 */
export async function migrate(database: Kysely<Tables>): Promise<void> {
  const { error } = await migratorOf(database).migrateToLatest();
  if (error === undefined) return;
  if (!isNewer(error)) throw error;
  throw new StoreError(
    'The store was written by a newer version of Dropgate. Update Dropgate, or use another store_url.',
    { cause: error },
  );
}

/** Gives an empty database the tables of an earlier version: all changes up to the one of this name. */
export async function migrateTo(database: Kysely<Tables>, name: string): Promise<void> {
  const { error } = await migratorOf(database).migrateTo(name);
  if (error !== undefined) throw error;
}

function migratorOf(database: Kysely<Tables>): Migrator {
  const provider: MigrationProvider = { getMigrations: async () => ({ ...migrations }) };
  return new Migrator({ db: database, provider });
}

// Kysely tells an applied migration that is not in the list by this text only.
function isNewer(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith('is missing');
}
