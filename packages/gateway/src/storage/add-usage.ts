import type { CreateTableBuilder } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Names are those of keys, agents, models and whoever uses them; counts are whole numbers. */
const places = ['day', 'key_id', 'agent_id', 'model', 'upstream', 'end_user'] as const;

const counts = [
  'runs',
  'model_calls',
  'failed_calls',
  'aborted_calls',
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'unpriced_calls',
] as const;

/** The table of usage, a row for each place and day, and what runs cost. */
export async function addUsage(database: Parameters<Migration['up']>[0]): Promise<void> {
  let table: CreateTableBuilder<string, string> = database.schema.createTable('usage');
  for (const name of places) table = table.addColumn(name, 'text', (column) => column.notNull());
  for (const name of counts) table = table.addColumn(name, 'bigint', (column) => column.notNull());
  await table.addPrimaryKeyConstraint('usage_key', [...places]).execute();
  for (const name of ['cost_nano_usd', 'unpriced_calls']) {
    await database.schema
      .alterTable('runs')
      .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
      .execute();
  }
}
