import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { addApprovals } from './add-approvals.ts';
import { addConsole } from './add-console.ts';
import { addDecisions, type DecisionTables, decisionColumns } from './add-decisions.ts';
import { addIdempotency } from './add-idempotency.ts';
import { addJournal } from './add-journal.ts';
import { addBackground, addSessions, addState } from './add-state.ts';
import { addUsage } from './add-usage.ts';
import { addUsers } from './add-users.ts';

/** In order of their names, never changed once released: a change is a new one. */
export const migrations: Readonly<Record<string, Migration>> = {
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
  '0004_key_limits': {
    async up(database) {
      await addToKeys(database, 'bigint', [
        'requests_per_minute',
        'concurrent_runs',
        'tokens_per_day',
        'tokens_per_month',
        'last_used_at',
      ]);
      await addToKeys(database, 'text', ['rotated_from']);
    },
  },
  '0005_overrides': {
    async up(database) {
      await database.schema
        .createTable('overrides')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('action', 'text', (column) => column.notNull())
        .addColumn('resource', 'text', (column) => column.notNull())
        .addColumn('effect', 'text', (column) => column.notNull())
        .addColumn('break_glass', 'integer', (column) => column.notNull())
        .addColumn('reason', 'text', (column) => column.notNull())
        .addColumn('created_by', 'text', (column) => column.notNull())
        .addColumn('created_at', 'bigint', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .addColumn('revoked_at', 'bigint')
        .addColumn('revoked_by', 'text')
        .execute();
    },
  },
  '0006_decisions': {
    async up(database) {
      await addDecisions(database, 'decisions');
      // No index: it would cost each decision as much as all the rest. Readers go through it in steps.
    },
  },
  '0007_spending': {
    async up(database) {
      await database.schema
        .createTable('spending')
        .addColumn('key_id', 'text', (column) => column.primaryKey())
        .addColumn('day', 'text', (column) => column.notNull())
        .addColumn('day_tokens', 'bigint', (column) => column.notNull())
        .addColumn('month', 'text', (column) => column.notNull())
        .addColumn('month_tokens', 'bigint', (column) => column.notNull())
        .execute();
      await database.schema
        .createTable('reservations')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('key_id', 'text', (column) => column.notNull())
        .addColumn('tokens', 'bigint', (column) => column.notNull())
        .addColumn('settled', 'integer', (column) => column.notNull())
        .addColumn('expires_at', 'bigint', (column) => column.notNull())
        .execute();
      await index(database, 'reservations', ['key_id', 'settled', 'expires_at']);
    },
  },
  '0008_versions': {
    async up(database: Kysely<{ versions: { part: string; version: number } }>) {
      await database.schema
        .createTable('versions')
        .addColumn('part', 'text', (column) => column.primaryKey())
        .addColumn('version', 'bigint', (column) => column.notNull())
        .execute();
      const parts = ['keys', 'overrides', 'rules'];
      const rows = parts.map((part) => ({ part, version: 1 }));
      await database.insertInto('versions').values(rows).execute();
    },
  },
  '0009_request_counts': {
    async up(database) {
      await database.schema
        .createTable('request_counts')
        .addColumn('account', 'text', (column) => column.primaryKey())
        .addColumn('requests', 'bigint', (column) => column.notNull())
        .addColumn('ends_at_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '0010_key_names': {
    async up(database: Kysely<{ keys: KeyNames }>) {
      await addToKeys(database, 'text', ['rotated_to', 'held_name']);
      await database
        .updateTable('keys')
        .set((row) => ({
          rotated_to: row
            .selectFrom('keys as other')
            .select((other) => other.fn.max('other.id').as('id'))
            .whereRef('other.rotated_from', '=', 'keys.id'),
        }))
        .execute();
      // Of several keys of a name, made when that could still happen, one holds it.
      await database
        .updateTable('keys')
        .set((row) => ({ held_name: row.ref('name') }))
        .where('id', '=', (row) =>
          row
            .selectFrom('keys as other')
            .select((other) => other.fn.max('other.id').as('id'))
            .whereRef('other.name', '=', 'keys.name')
            .where('other.revoked_at', 'is', null)
            .where('other.rotated_to', 'is', null),
        )
        .execute();
      await database.schema
        .createIndex('keys_held_name')
        .on('keys')
        .column('held_name')
        .unique()
        .execute();
    },
  },
  '0011_notable_decisions': {
    async up(database: Kysely<DecisionTables>) {
      await addDecisions(database, 'notable_decisions');
      await database
        .insertInto('notable_decisions')
        .columns([...decisionColumns])
        .expression((row) =>
          row
            .selectFrom('decisions')
            .select([...decisionColumns])
            .where(({ or, eb }) =>
              or([eb('effect', '=', 'deny'), eb('action', '=', 'administer')]),
            ),
        )
        .execute();
      await database
        .deleteFrom('decisions')
        .where(({ or, eb }) => or([eb('effect', '=', 'deny'), eb('action', '=', 'administer')]))
        .execute();
    },
  },
  '0012_kept_generations': {
    async up(database: Kysely<GenerationTables>) {
      await database.schema
        .createTable('kept_generations')
        .addColumn('agent_id', 'text', (column) => column.notNull())
        .addColumn('files_hash', 'text', (column) => column.notNull())
        .addColumn('served_order', 'bigint', (column) => column.notNull())
        .addColumn('record', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('kept_generations_key', ['agent_id', 'files_hash'])
        .execute();
      // Nobody has hashed their files yet: the next load of an agent puts one that is.
      const row = { files_hash: '', served_order: 1 };
      const before = await database.selectFrom('generations').selectAll().execute();
      for (const each of before)
        await database
          .insertInto('kept_generations')
          .values({ ...each, ...row })
          .execute();
      await database.schema.dropTable('generations').execute();
    },
  },
  '0013_journal': {
    async up(database) {
      await addJournal(database);
    },
  },
  '0014_replays': {
    async up(database) {
      await database.schema.alterTable('runs').addColumn('replay_of', 'text').execute();
    },
  },
  '0015_run_gateways': {
    async up(database) {
      await database.schema.alterTable('runs').addColumn('gateway_id', 'text').execute();
      await database.schema
        .createTable('run_gateways')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('since_ms', 'bigint', (column) => column.notNull())
        .addColumn('seen_ms', 'bigint', (column) => column.notNull())
        .execute();
    },
  },
  '0016_usage': {
    async up(database) {
      await addUsage(database);
    },
  },
  '0017_money': {
    async up(database) {
      await addToKeys(database, 'double precision', ['usd_per_day', 'usd_per_month']);
    },
  },
  '0018_run_limits': {
    async up(database) {
      await addToKeys(database, 'text', ['run_limits']);
      await database.schema.alterTable('overrides').addColumn('limits', 'text').execute();
    },
  },
  '0019_state': { up: addState },
  '0020_background': { up: addBackground },
  '0021_sessions': { up: addSessions },
  '0022_approvals': { up: addApprovals },
  '0024_idempotency': { up: addIdempotency },
  '0027_users': { up: addUsers },
  '0028_console': { up: addConsole },
};

type GenerationTables = {
  generations: { agent_id: string; record: string };
  kept_generations: { agent_id: string; files_hash: string; served_order: number; record: string };
};

type KeyNames = {
  id: string;
  name: string;
  revoked_at: number | null;
  rotated_from: string | null;
  rotated_to: string | null;
  held_name: string | null;
};

// A migration knows the tables of its time only.
type AnyDatabase = Parameters<Migration['up']>[0];

/** One column at a time: SQLite knows no more in a statement. */
async function addToKeys(
  database: AnyDatabase,
  type: 'bigint' | 'text' | 'double precision',
  names: readonly string[],
): Promise<void> {
  for (const name of names)
    await database.schema.alterTable('keys').addColumn(name, type).execute();
}

async function index(database: AnyDatabase, table: string, columns: readonly string[]) {
  await database.schema
    .createIndex([table, ...columns].join('_'))
    .on(table)
    .columns([...columns])
    .execute();
}
