import type { Migration } from 'kysely/migration';

/** The table of requests that may come again. */
export async function addIdempotency(database: Parameters<Migration['up']>[0]): Promise<void> {
  const table = 'idempotent_requests';
  await database.schema
    .createTable(table)
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('end_user', 'text')
    .addColumn('body_hash', 'text', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('alive_until_ms', 'bigint')
    .addColumn('wanted_until_ms', 'bigint', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('form', 'text')
    .addColumn('status', 'integer')
    .addColumn('headers', 'text')
    .addColumn('body', 'text')
    .execute();
  // With the bytes, so that what each key has is summed without a look at the answers.
  for (const columns of [['key_id', 'created_ms', 'bytes'], ['created_ms']]) {
    await database.schema
      .createIndex([table, ...columns].join('_'))
      .on(table)
      .columns(columns)
      .execute();
  }
}
