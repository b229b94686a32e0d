import type { Migration } from 'kysely/migration';

/** The tables of conversations. */
export async function addState(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema
    .createTable('turns')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text')
    .addColumn('previous_id', 'text')
    .addColumn('conversation_id', 'text')
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('items', 'text', (column) => column.notNull())
    .addColumn('answer', 'text')
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('conversations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text')
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('used_ms', 'bigint', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .addColumn('head_id', 'text')
    .addColumn('claim', 'text')
    .addColumn('claimed_until_ms', 'bigint')
    .execute();
  for (const [table, column] of [
    ['turns', 'created_ms'],
    ['turns', 'conversation_id'],
    ['conversations', 'used_ms'],
  ] as const) {
    await database.schema.createIndex(`${table}_${column}`).on(table).column(column).execute();
  }
}

/** What turns have whose runs go on without their caller. */
export async function addBackground(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema.alterTable('turns').addColumn('alive_until_ms', 'bigint').execute();
  await database.schema.alterTable('turns').addColumn('events', 'text').execute();
}

/** What turns of sessions are found by. */
export async function addSessions(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema.alterTable('turns').addColumn('prefix_hash', 'text').execute();
  await database.schema
    .createIndex('turns_conversation_id_prefix_hash')
    .on('turns')
    .columns(['conversation_id', 'prefix_hash'])
    .execute();
  // That one begins with the same column.
  await database.schema.dropIndex('turns_conversation_id').execute();
}
