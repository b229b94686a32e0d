import type { Kysely } from 'kysely';
import { type Migration, type MigrationProvider, Migrator } from 'kysely/migration';
import { StoreError } from './store.ts';

/** Rows as the databases hold them. Lists and records are JSON text, times Unix seconds but for ISO `last_seen`. */
export type Tables = {
  readonly keys: {
    readonly id: string;
    readonly name: string;
    readonly role: string;
    readonly hash: string;
    readonly namespaces: string | null;
    readonly agents: string | null;
    readonly created_at: number;
    readonly created_by: string;
    readonly expires_at: number | null;
    readonly revoked_at: number | null;
  };
  readonly generations: { readonly agent_id: string; readonly record: string };
  readonly diagnostics: {
    readonly id: string;
    readonly last_seen: string;
    readonly record: string;
  };
};

/**
 * Brings a database up to date, forward only. Several processes may do so at once: one migrates, the others wait.
 *
 * @throws StoreError where a newer version of Dropgate wrote the database.
 */
export async function migrate(database: Kysely<Tables>): Promise<void> {
  const provider: MigrationProvider = { getMigrations: async () => ({ ...migrations }) };
  const migrator = new Migrator({ db: database, provider });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (!isNewer(error)) throw error;
  throw new StoreError(
    'The store was written by a newer version of Dropgate. Update Dropgate, or use another store_url.',
    { cause: error },
  );
}

// Kysely tells an applied migration that is not in the list by this text only.
function isNewer(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith('is missing');
}

/** In order of their names, never changed once released: a change is a new one. */
const migrations: Readonly<Record<string, Migration>> = {
  '0001_keys': {
    async up(database) {
      await database.schema
        .createTable('keys')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('role', 'text', (column) => column.notNull())
        .addColumn('hash', 'text', (column) => column.notNull().unique())
        .addColumn('namespaces', 'text')
        .addColumn('agents', 'text')
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('expires_at', 'bigint')
        .addColumn('revoked_at', 'bigint')
        .execute();
    },
  },
  '0002_generations': {
    async up(database) {
      await database.schema
        .createTable('generations')
        .addColumn('agent_id', 'text', (column) => column.primaryKey())
        .addColumn('record', 'text', (column) => column.notNull())
        .execute();
    },
  },
  '0003_diagnostics': {
    async up(database) {
      await database.schema
        .createTable('diagnostics')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('last_seen', 'text', (column) => column.notNull())
        .addColumn('record', 'text', (column) => column.notNull())
        .execute();
    },
  },
};
