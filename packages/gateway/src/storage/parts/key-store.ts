import type { Transaction } from 'kysely';
import type { KeyRecord, Role } from '../../protocol/policy.ts';
import type { KeyStore } from '../../protocol/store.ts';
import type { RunLimits } from '../../protocol/usage/run-limits.ts';
import type { Engine } from '../engines/engine.ts';
import type { KeyRow, Tables } from '../tables.ts';
import type { ChangePart } from './versions.ts';

/** The keys of an open database. */
export function createKeyStore(engine: Engine, changePart: ChangePart): KeyStore {
  const { durable, relaxed, guarded } = engine;
  return {
    list: () =>
      guarded(async () => {
        const rows = await durable
          .selectFrom('keys')
          .selectAll()
          .orderBy('created_at')
          .orderBy('id')
          .execute();
        return rows.map(toRecord);
      }),
    insert: (record) => changePart('keys', (transaction) => insert(transaction, record, null)),
    insertNamed: (record, nowSeconds) =>
      changePart('keys', async (transaction) => {
        await freeName(transaction, record.name, nowSeconds);
        return insert(transaction, record, record.name);
      }),
    rotate: (record, options) =>
      changePart('keys', async (transaction) => {
        const old = await endOld(transaction, record, options);
        if (!old) return false;
        await passOnName(transaction, record);
        return insert(transaction, record, old.held_name);
      }),
    setLimits: (keyId, limits) =>
      changePart('keys', (transaction) => update(transaction, keyId, limitsToRow(limits))),
    revoke: (keyId, atSeconds) =>
      changePart('keys', (transaction) =>
        update(transaction, keyId, { revoked_at: Math.floor(atSeconds), held_name: null }),
      ),
    touch: (uses) =>
      guarded(() =>
        relaxed.transaction().execute(async (transaction) => {
          // In one order everywhere, or two gateways that note the same keys could wait for each other.
          for (const [keyId, atSeconds] of [...uses].sort(([a], [b]) => (a < b ? -1 : 1))) {
            const at = Math.floor(atSeconds);
            await transaction
              .updateTable('keys')
              .set({ last_used_at: at })
              .where('id', '=', keyId)
              .where((row) =>
                row.or([row('last_used_at', 'is', null), row('last_used_at', '<', at)]),
              )
              .execute();
          }
        }),
      ),
  };
}

/** Changes a key that is not revoked. False where there is none. */
async function update(
  transaction: Transaction<Tables>,
  keyId: string,
  changes: Partial<KeyRow>,
): Promise<boolean> {
  const { numUpdatedRows: updated } = await transaction
    .updateTable('keys')
    .set(changes)
    .where('id', '=', keyId)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow();
  return updated === 1n;
}

async function insert(
  transaction: Transaction<Tables>,
  record: KeyRecord,
  heldName: string | null,
): Promise<boolean> {
  const { numInsertedOrUpdatedRows: inserted } = await transaction
    .insertInto('keys')
    .values({ ...toRow(record), held_name: heldName })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow();
  return inserted === 1n;
}

/** A key that has expired holds its name until another wants it. */
async function freeName(transaction: Transaction<Tables>, name: string, nowSeconds: number) {
  await transaction
    .updateTable('keys')
    .set({ held_name: null })
    .where('held_name', '=', name)
    .where('expires_at', '<=', Math.floor(nowSeconds))
    .execute();
}

async function passOnName(transaction: Transaction<Tables>, { rotatedFrom }: KeyRecord) {
  await transaction
    .updateTable('keys')
    .set({ held_name: null })
    .where('id', '=', rotatedFrom ?? '')
    .execute();
}

/**
 * Shortens the life of the key that a new one replaces, and holds it for this transaction. Undefined where it has none
 * left or has a successor.
 */
async function endOld(
  transaction: Transaction<Tables>,
  { id, rotatedFrom }: KeyRecord,
  options: { readonly oldEndsAtSeconds: number; readonly nowSeconds: number },
): Promise<Pick<KeyRow, 'held_name'> | undefined> {
  const endsAt = Math.floor(options.oldEndsAtSeconds);
  return transaction
    .updateTable('keys')
    .set((row) => ({
      rotated_to: id,
      expires_at: row
        .case()
        .when('expires_at', '<', endsAt)
        .then(row.ref('expires_at'))
        .else(endsAt)
        .end(),
    }))
    .where('id', '=', rotatedFrom ?? '')
    .where('revoked_at', 'is', null)
    .where('rotated_to', 'is', null)
    .where((row) =>
      row.or([row('expires_at', 'is', null), row('expires_at', '>', options.nowSeconds)]),
    )
    .returning('held_name')
    .executeTakeFirst();
}

function toRow(record: KeyRecord): Omit<KeyRow, 'held_name'> {
  const { namespaces, agents, expiresAtSeconds } = record;
  return {
    id: record.id,
    name: record.name,
    role: record.role,
    hash: record.hash,
    namespaces: namespaces && JSON.stringify(namespaces),
    agents: agents && JSON.stringify(agents),
    ...limitsToRow(record),
    forwards_users: record.forwardsUsers ? 1 : 0,
    created_at: Math.floor(record.createdAtSeconds),
    created_by: record.createdBy,
    expires_at: expiresAtSeconds === null ? null : Math.floor(expiresAtSeconds),
    revoked_at: record.revokedAtSeconds,
    rotated_from: record.rotatedFrom,
    rotated_to: null,
    last_used_at: record.lastUsedAtSeconds,
  };
}

function limitsToRow({ limits, runLimits }: Pick<KeyRecord, 'limits' | 'runLimits'>) {
  return {
    requests_per_minute: limits.requestsPerMinute,
    concurrent_runs: limits.concurrentRuns,
    tokens_per_day: limits.tokensPerDay,
    tokens_per_month: limits.tokensPerMonth,
    usd_per_day: limits.usdPerDay,
    usd_per_month: limits.usdPerMonth,
    run_limits: runLimits && JSON.stringify(runLimits),
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
    limits: {
      requestsPerMinute: row.requests_per_minute,
      concurrentRuns: row.concurrent_runs,
      tokensPerDay: row.tokens_per_day,
      tokensPerMonth: row.tokens_per_month,
      usdPerDay: row.usd_per_day,
      usdPerMonth: row.usd_per_month,
    },
    runLimits: row.run_limits === null ? null : (JSON.parse(row.run_limits) as RunLimits),
    forwardsUsers: row.forwards_users === 1,
    createdAtSeconds: row.created_at,
    createdBy: row.created_by,
    expiresAtSeconds: row.expires_at,
    revokedAtSeconds: row.revoked_at,
    rotatedFrom: row.rotated_from,
    lastUsedAtSeconds: row.last_used_at,
  };
}
