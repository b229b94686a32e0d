import { setTimeout as sleep } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { type ClientConfig, DatabaseError, Pool, type PoolClient, types } from 'pg';

/** Connections of one gateway. */
const MAX_CONNECTIONS = 10;

/** How long to wait for a connection, new or of the pool. */
const CONNECT_TIMEOUT_MS = 10_000;

/** How long the server may work on one statement. */
const STATEMENT_TIMEOUT_MS = 10_000;

/** How long an answer may take, for servers that are there no more. */
const ANSWER_TIMEOUT_MS = 12_000;

/** How long connections may take to say goodbye. */
const END_TIMEOUT_MS = 1000;

/** `bigint` in Postgres: counts and times here, which numbers hold. */
const BIGINT_OID = 20;

/** How to reach the server of a URL; what the URL itself says comes first. */
export function connectionSettings(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'dropgate',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    idle_in_transaction_session_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    types: {
      getTypeParser: (oid, format) =>
        oid === BIGINT_OID ? Number : types.getTypeParser(oid, format),
    },
  };
}

/** Connections to a server that may go away and come back: one that failed is never used again. */
export function createPostgresPool(url: string): PostgresPool {
  const pool = new Pool({ ...connectionSettings(url), max: MAX_CONNECTIONS });
  // A connection that ends is replaced when one is needed; work that is done over it is told by its own promise.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return {
    options: pool.options,
    connect: async () => watched(await pool.connect()),
    end: () => endSoon(pool),
  };
}

/** Ends connections; never waits long for a server that is gone, and never throws. */
export async function endSoon(connections: { end(): Promise<void> }): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  const timeout = sleep(END_TIMEOUT_MS, undefined, { signal }).catch(() => undefined);
  await Promise.race([connections.end().catch(() => undefined), timeout]);
  ended.abort();
}

/**
 * A connection that is given up after the first failure that the server did not tell of itself, such as an answer that
 * never came: what comes over it later would be taken for the answer to something else.
 */
function watched(client: PoolClient): PostgresPoolClient {
  let failure: unknown = null;
  const query = async (text: string, parameters: readonly unknown[]) => {
    if (failure !== null) throw failure;
    try {
      return await client.query(text, parameters.map(storable));
    } catch (error) {
      if (!(error instanceof DatabaseError)) failure = error;
      throw error;
    }
  };
  return {
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || failure !== null),
  };
}

/** Postgres has no place for NUL in a text, and callers may send one. */
function storable(parameter: unknown): unknown {
  return typeof parameter === 'string' ? parameter.replaceAll('\0', '\uFFFD') : parameter;
}
