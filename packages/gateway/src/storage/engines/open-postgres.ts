import { Kysely, PostgresDialect, sql } from 'kysely';
import { Client } from 'pg';
import { StoreError } from '../store-error.ts';
import type { Tables } from '../tables.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { createGuard } from './guard.ts';
import { connectionSettings, createPostgresPool } from './postgres-connections.ts';
import { explainPostgres, explainStall, isRetryable, postgresPlace } from './postgres-errors.ts';
import { createPostgresNotifications } from './postgres-notifications.ts';
import { createPromptGuard } from './prompt-guard.ts';

/** Where gateways on one database tell each other that something changed. */
const CHANNEL = 'dropgate_changed';

/**
 * Opens a Postgres database; nothing is asked of the server yet.
 *
 * @param url - `postgres://user:password@host:port/database`, with `sslmode` and the like as `pg` reads them.
 * @throws StoreError where the URL makes no sense.
 */
export async function openPostgres(url: string, { busyTimeoutMs }: EngineOptions): Promise<Engine> {
  const place = postgresPlace(url);
  if (place === null) {
    throw new StoreError(
      'The store_url is no valid postgres:// URL. Write it as postgres://user:password@host:5432/database, with special characters in the password percent-encoded.',
    );
  }
  const database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: createPostgresPool(url) }),
  });
  const notifications = createPostgresNotifications(
    () => new Client(connectionSettings(url)),
    CHANNEL,
  );
  const guarded = createGuard({
    isBusy: isRetryable,
    explain: (error) => explainPostgres(place, error),
    busyTimeoutMs,
  });
  return {
    durable: database,
    relaxed: database,
    guarded,
    promptly: createPromptGuard(guarded, () => explainStall(place)),
    isShared: true,
    dataVersion: null,
    async announce(transaction, part) {
      await sql`select pg_notify(${CHANNEL}, ${part})`.execute(transaction);
    },
    onNotification: notifications.onNotification,
    async close() {
      await notifications.close();
      await database.destroy();
    },
  };
}
