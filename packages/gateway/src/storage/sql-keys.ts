import type { Kysely } from 'kysely';
import type { KeyRecord, Role } from '../protocol/policy.ts';
import type { Tables } from './migrations.ts';
import type { KeyStore } from './store.ts';

/** Runs work on the database, again while it is busy; what it throws is a `StoreError`. */
export type Guard = <Result>(work: () => Promise<Result> | Result) => Promise<Result>;

/** The keys of an open database. */
export function createKeyStore(database: Kysely<Tables>, guarded: Guard): KeyStore {
  return {
    list: () =>
      guarded(async () => {
        const rows = await database
          .selectFrom('keys')
          .selectAll()
          .orderBy('created_at')
          .orderBy('id')
          .execute();
        return rows.map(toRecord);
      }),
    insert: (record) =>
      guarded(async () => {
        const { numInsertedOrUpdatedRows: inserted } = await database
          .insertInto('keys')
          .values(toRow(record))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        return inserted === 1n;
      }),
    revoke: (keyId, atSeconds) =>
      guarded(async () => {
        const { numUpdatedRows: updated } = await database
          .updateTable('keys')
          .set({ revoked_at: atSeconds })
          .where('id', '=', keyId)
          .where('revoked_at', 'is', null)
          .executeTakeFirstOrThrow();
        return updated === 1n;
      }),
  };
}

type KeyRow = Tables['keys'];

function toRow(record: KeyRecord): KeyRow {
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    hash: record.hash,
    namespaces: record.namespaces && JSON.stringify(record.namespaces),
    agents: record.agents && JSON.stringify(record.agents),
    created_at: record.createdAtSeconds,
    created_by: record.createdBy,
    expires_at: record.expiresAtSeconds,
    revoked_at: record.revokedAtSeconds,
  };
}

function toRecord(row: KeyRow): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    role: row.role as Role,
    hash: row.hash,
    namespaces: row.namespaces === null ? null : (JSON.parse(row.namespaces) as string[]),
    agents: row.agents === null ? null : (JSON.parse(row.agents) as string[]),
    createdAtSeconds: row.created_at,
    createdBy: row.created_by,
    expiresAtSeconds: row.expires_at,
    revokedAtSeconds: row.revoked_at,
  };
}
