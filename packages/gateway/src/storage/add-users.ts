import type { Migration } from 'kysely/migration';

type Database = Parameters<Migration['up']>[0];

/** Tables in which a row may be of one of a key's users. */
const tables = ['decisions', 'notable_decisions', 'runs', 'turns', 'conversations'] as const;

/** Keys that forward their users, and what is known of these. */
export async function addUsers(database: Database): Promise<void> {
  await database.schema
    .alterTable('keys')
    .addColumn('forwards_users', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  for (const table of tables) {
    await database.schema.alterTable(table).addColumn('end_user', 'text').execute();
    // Of most gateways no row has one, so that these indexes are empty.
    await database.schema
      .createIndex(`${table}_end_user`)
      .on(table)
      .column('end_user')
      .where('end_user', 'is not', null)
      .execute();
  }
}
