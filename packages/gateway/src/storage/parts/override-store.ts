import type { Action, OverrideRecord } from '../../protocol/policy.ts';
import type { OverrideStore } from '../../protocol/store.ts';
import type { RunLimits } from '../../protocol/usage/run-limits.ts';
import type { Engine } from '../engines/engine.ts';
import type { OverrideRow } from '../tables.ts';
import type { ChangePart } from './versions.ts';

/** The overrides of an open database. */
export function createOverrideStore(engine: Engine, changePart: ChangePart): OverrideStore {
  const { durable, guarded } = engine;
  return {
    list: ({ activeAtSeconds } = {}) =>
      guarded(async () => {
        let query = durable.selectFrom('overrides').selectAll();
        if (activeAtSeconds !== undefined) {
          query = query
            .where('revoked_at', 'is', null)
            .where('expires_at', '>', Math.floor(activeAtSeconds));
        }
        const rows = await query.orderBy('created_at', 'desc').orderBy('id', 'desc').execute();
        return rows.map(toRecord);
      }),
    insert: (record) =>
      changePart('overrides', async (transaction) => {
        const { numInsertedOrUpdatedRows: inserted } = await transaction
          .insertInto('overrides')
          .values(toRow(record))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirstOrThrow();
        return inserted === 1n;
      }),
    revoke: (id, { revokedBy, atSeconds }) =>
      changePart('overrides', async (transaction) => {
        const at = Math.floor(atSeconds);
        const { numUpdatedRows: updated } = await transaction
          .updateTable('overrides')
          .set({ revoked_at: at, revoked_by: revokedBy })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .where('expires_at', '>', at)
          .executeTakeFirstOrThrow();
        return updated === 1n;
      }),
  };
}

function toRow(record: OverrideRecord): OverrideRow {
  return {
    id: record.id,
    principal: record.principal,
    action: record.action,
    resource: record.resource,
    effect: record.effect,
    break_glass: record.breakGlass ? 1 : 0,
    limits: record.limits && JSON.stringify(record.limits),
    reason: record.reason,
    created_by: record.createdBy,
    created_at: Math.floor(record.createdAtSeconds),
    // Up: it may hold a moment longer than asked for, never shorter.
    expires_at: Math.ceil(record.expiresAtSeconds),
    revoked_at: record.revokedAtSeconds,
    revoked_by: record.revokedBy,
  };
}

function toRecord(row: OverrideRow): OverrideRecord {
  return {
    id: row.id,
    principal: row.principal,
    action: row.action as Action,
    resource: row.resource,
    effect: row.effect as OverrideRecord['effect'],
    breakGlass: row.break_glass === 1,
    limits: row.limits === null ? null : (JSON.parse(row.limits) as RunLimits),
    reason: row.reason,
    createdBy: row.created_by,
    createdAtSeconds: row.created_at,
    expiresAtSeconds: row.expires_at,
    revokedAtSeconds: row.revoked_at,
    revokedBy: row.revoked_by,
  };
}
