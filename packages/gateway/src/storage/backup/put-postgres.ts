import type { Client } from 'pg';
import { connectionSettings, endSoon } from '../engines/postgres-connections.ts';
import { openStore } from '../open-store.ts';
import { StoreError } from '../store-error.ts';
import type { Row } from './backup-lines.ts';
import { connectPostgres, explained } from './snapshot-postgres.ts';
import { snapshotSqlite } from './snapshot-sqlite.ts';
import { localTables, passingTables } from './table-names.ts';

/** Parameters of one statement, of which Postgres takes 65,535. */
const PARAMETERS_AT_A_TIME = 2000;

type PutPostgres = {
  /** A SQLite file in the tables of this version. */
  readonly staged: string;
  readonly url: string;
  readonly replace: boolean;
};

/**
 * Puts the rows of a SQLite file in the place of those of a Postgres database, all or none. Its tables are made, or
 * brought up to date, first.
 *
 * @throws StoreError where a gateway uses the database, it holds something and is not to give way, or it fails.
 */
export async function putPostgres({ staged, url, replace }: PutPostgres): Promise<void> {
  await refuseInUse(url);
  await (await openStore(url)).close();
  const source = await snapshotSqlite(staged);
  // A table may take long to empty.
  const patient = { statement_timeout: 0, query_timeout: 0 };
  const client = await connectPostgres(url, { ...connectionSettings(url), ...patient });
  try {
    await client.query('begin');
    const tables = source.tables.filter((name) => !localTables.has(name));
    for (const table of tables) await client.query(`lock table "${table}" in exclusive mode`);
    if (!replace) await refuseFull(client, tables);
    for (const table of tables) {
      await client.query(`delete from "${table}"`);
      await copy(client, table, source.rows(table));
    }
    for (const table of passingTables) await client.query(`delete from "${table}"`);
    await client.query('commit');
  } catch (error) {
    throw explained(url, error);
  } finally {
    await endSoon(client);
    await source.close();
  }
}

async function refuseInUse(url: string): Promise<void> {
  const client = await connectPostgres(url, connectionSettings(url));
  try {
    const { rows } = await client.query(
      `select count(*) as many from pg_stat_activity where datname = current_database()
       and application_name = current_setting('application_name') and pid <> pg_backend_pid()`,
    );
    if (Number(rows[0]?.many) === 0) return;
    throw new StoreError(
      'A gateway, or another command, uses the database of store_url. Stop every gateway on it, then restore.',
    );
  } catch (error) {
    throw explained(url, error);
  } finally {
    await endSoon(client);
  }
}

async function refuseFull(client: Client, tables: readonly string[]): Promise<void> {
  const full: string[] = [];
  for (const table of tables.filter((name) => name !== 'versions')) {
    const { rows } = await client.query(`select 1 from "${table}" limit 1`);
    if (rows.length > 0) full.push(table);
  }
  if (full.length === 0) return;
  throw new StoreError(
    `The database of store_url holds something already (${full.join(', ')}). Back it up, then restore with --replace: its rows are removed then.`,
  );
}

async function copy(client: Client, table: string, rows: AsyncIterable<Row>): Promise<void> {
  let waiting: Row[] = [];
  for await (const row of rows) {
    waiting.push(row);
    if ((waiting.length + 1) * Object.keys(row).length > PARAMETERS_AT_A_TIME) {
      await insert(client, table, waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) await insert(client, table, waiting);
}

async function insert(client: Client, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const places = rows.map(
    (_, at) => `(${columns.map((_name, column) => `$${at * columns.length + column + 1}`).join()})`,
  );
  const names = columns.map((name) => `"${name}"`).join(', ');
  const values = rows.flatMap((row) => columns.map((name) => storable(row[name] ?? null)));
  await client.query(`insert into "${table}" (${names}) values ${places.join()}`, values);
}

/** Postgres has no place for NUL in a text, and its client takes bytes as a buffer. */
function storable(value: Row[string]): unknown {
  if (typeof value === 'string') return value.replaceAll('\0', '\uFFFD');
  return value instanceof Uint8Array ? Buffer.from(value) : value;
}
