import type { Migration } from 'kysely/migration';

/** Logins of the console. */
export async function addConsole(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema
    .createTable('console_sessions')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('last_used_at', 'bigint', (column) => column.notNull())
    .addColumn('ends_at', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createIndex('console_sessions_key_id')
    .on('console_sessions')
    .column('key_id')
    .execute();
}
