import type { Migration } from 'kysely/migration';

/** The tables of the journal: keys that sort by time, and no other index, which would cost each run as much as all the rest. */
export async function addJournal(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema
    .createTable('runs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('request_id', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('module_path', 'text', (column) => column.notNull())
    .addColumn('generation', 'integer', (column) => column.notNull())
    .addColumn('outcome', 'text', (column) => column.notNull())
    .addColumn('code', 'text')
    .addColumn('duration_ms', 'double precision')
    .addColumn('usage', 'text')
    .addColumn('recorded', 'text', (column) => column.notNull())
    .addColumn('steps', 'integer', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('run_steps')
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('first_step', 'integer', (column) => column.notNull())
    .addColumn('steps', 'text', (column) => column.notNull())
    .addColumn('contents', 'bytea')
    .addPrimaryKeyConstraint('run_steps_key', ['run_id', 'first_step'])
    .execute();
}
