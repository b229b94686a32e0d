import type { Migration } from 'kysely/migration';

/** The tables of runs that wait, of what they wait for, and of the bytes that they go on with. */
export async function addApprovals(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema
    .createTable('waiting_runs')
    .addColumn('run_id', 'text', (column) => column.primaryKey())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('end_user', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('module_path', 'text', (column) => column.notNull())
    .addColumn('generation', 'bigint', (column) => column.notNull())
    .addColumn('files_hash', 'text', (column) => column.notNull())
    .addColumn('conversation_id', 'text')
    .addColumn('prefix_hash', 'text')
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('resumed_by', 'text')
    .addColumn('claim', 'text')
    .addColumn('claimed_until_ms', 'bigint')
    .addColumn('wrong_codes', 'integer', (column) => column.notNull())
    .addColumn('grants', 'text', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_ms', 'bigint', (column) => column.notNull())
    .execute();
  // Apart from what changes while a run waits: SQLite writes a row as a whole.
  await database.schema
    .createTable('waiting_states')
    .addColumn('run_id', 'text', (column) => column.primaryKey())
    .addColumn('packed', 'bytea', (column) => column.notNull())
    .execute();
  await database.schema
    .createTable('waiting_calls')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('run_id', 'text', (column) => column.notNull())
    .addColumn('asks', 'text', (column) => column.notNull())
    .addColumn('key_id', 'text', (column) => column.notNull())
    .addColumn('end_user', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('call_id', 'text', (column) => column.notNull())
    .addColumn('call', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('code_hash', 'text')
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_ms', 'bigint', (column) => column.notNull())
    .addColumn('answer', 'text')
    .execute();
  await addFiles(database);
  await database.schema.alterTable('runs').addColumn('resumes', 'text').execute();
  for (const [table, columns] of indexes) {
    await database.schema
      .createIndex([table, ...columns].join('_'))
      .on(table)
      .columns([...columns])
      .execute();
  }
}

async function addFiles(database: Parameters<Migration['up']>[0]): Promise<void> {
  await database.schema
    .createTable('waiting_generations')
    .addColumn('agent_id', 'text', (column) => column.notNull())
    .addColumn('files_hash', 'text', (column) => column.notNull())
    .addColumn('record', 'text', (column) => column.notNull())
    .addColumn('kept_ms', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('waiting_generations_key', ['agent_id', 'files_hash'])
    .execute();
  await database.schema
    .createTable('waiting_files')
    .addColumn('sha256', 'text', (column) => column.primaryKey())
    .addColumn('packed', 'bytea', (column) => column.notNull())
    .addColumn('kept_ms', 'bigint', (column) => column.notNull())
    .execute();
}

const indexes = [
  ['waiting_runs', ['key_id', 'status']],
  ['waiting_runs', ['prefix_hash']],
  ['waiting_runs', ['status', 'expires_ms']],
  ['waiting_calls', ['run_id']],
  ['waiting_calls', ['code_hash']],
  ['waiting_calls', ['key_id', 'call_id']],
] as const;
