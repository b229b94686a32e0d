import type { Migration } from 'kysely/migration';

export const decisionColumns = [
  'id',
  'time_ms',
  'request_id',
  'key_id',
  'role',
  'action',
  'effect',
  'resource',
  'agent_id',
  'module_path',
  'tool',
  'rule_id',
  'tier',
  'source',
  'reason',
] as const;

type DecisionColumns = Record<(typeof decisionColumns)[number], string>;

export type DecisionTables = { decisions: DecisionColumns; notable_decisions: DecisionColumns };

/** A table of decisions, as it was at first. */
export async function addDecisions(
  database: Parameters<Migration['up']>[0],
  table: keyof DecisionTables,
): Promise<void> {
  await database.schema
    .createTable(table)
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('time_ms', 'bigint', (column) => column.notNull())
    .addColumn('request_id', 'text')
    .addColumn('key_id', 'text')
    .addColumn('role', 'text')
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('effect', 'text', (column) => column.notNull())
    .addColumn('resource', 'text', (column) => column.notNull())
    .addColumn('agent_id', 'text')
    .addColumn('module_path', 'text')
    .addColumn('tool', 'text')
    .addColumn('rule_id', 'text')
    .addColumn('tier', 'integer', (column) => column.notNull())
    .addColumn('source', 'text')
    .addColumn('reason', 'text')
    .execute();
}
