import { Client, type ClientConfig } from 'pg';
import { connectionSettings, endSoon } from '../engines/postgres-connections.ts';
import { explainPostgres, postgresPlace } from '../engines/postgres-errors.ts';
import { StoreError } from '../store-error.ts';
import type { Row } from './backup-lines.ts';
import { knownMigrations, noStore, type Snapshot } from './snapshot.ts';
import { MIGRATIONS, ownTables } from './table-names.ts';

/** Rows of a table that are read at a time; one may be large. */
const ROWS_AT_A_TIME = 100;

/**
 * Opens a Postgres database for reading, at one moment.
 *
 * @throws StoreError where it cannot be reached, or holds no store.
 */
export async function snapshotPostgres(url: string): Promise<Snapshot> {
  const client = await connectPostgres(url, connectionSettings(url));
  try {
    await client.query('begin isolation level repeatable read, read only');
    const listed = await client.query(
      "select table_name from information_schema.tables where table_schema = current_schema() and table_type = 'BASE TABLE'",
    );
    const names = listed.rows.map(({ table_name }) => String(table_name));
    if (!names.includes(MIGRATIONS)) throw noStore(postgresPlace(url) ?? 'the database');
    const applied = await client.query(`select name from ${MIGRATIONS} order by name`);
    return {
      engine: 'postgres',
      migrations: knownMigrations(applied.rows),
      tables: ownTables(names),
      rows: (table) => rowsOf(client, url, table),
      close: () => endSoon(client),
    };
  } catch (error) {
    await endSoon(client);
    throw explained(url, error);
  }
}

/**
 * A connection of its own.
 *
 * @throws StoreError where the URL makes no sense or the server cannot be reached.
 */
export async function connectPostgres(url: string, settings: ClientConfig): Promise<Client> {
  if (postgresPlace(url) === null)
    throw new StoreError('The store_url is no valid postgres:// URL.');
  const client = new Client(settings);
  // What goes wrong is told by the promise of the query that it went wrong in.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await endSoon(client);
    throw explained(url, error);
  }
  return client;
}

/** What a failure of the database means, as a `StoreError`. */
export function explained(url: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError(explainPostgres(postgresPlace(url) ?? '', error), { cause: error });
}

async function* rowsOf(client: Client, url: string, table: string): AsyncIterable<Row> {
  try {
    await client.query(`declare backup no scroll cursor for select * from "${table}"`);
    for (;;) {
      const { rows } = await client.query(`fetch ${ROWS_AT_A_TIME} from backup`);
      if (rows.length === 0) break;
      yield* rows as Row[];
    }
    await client.query('close backup');
  } catch (error) {
    throw explained(url, error);
  }
}
