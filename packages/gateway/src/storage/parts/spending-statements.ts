import { type Kysely, sql } from 'kysely';
import type { SpendingRow, Tables } from '../tables.ts';
import { compileStatement } from './compiled-statement.ts';

type OfKey = { readonly keyId: string };
type AtTime = OfKey & { readonly now: number };
type InPeriods = OfKey & { readonly day: string; readonly month: string };
type OfCall = OfKey & { readonly id: string; readonly expiresAt: number };
type NewReservation = OfCall & {
  readonly tokens: number;
  /** What the budgets have left beside what is set aside. */
  readonly left: number;
  readonly now: number;
};

/** What is done with the budgets of keys, statement by statement; times are whole Unix seconds. */
export type SpendingStatements = ReturnType<typeof createSpendingStatements>;

/** Statements for a database and for transactions on it. */
export function createSpendingStatements(database: Kysely<Tables>) {
  return { ...reserving(database), ...settling(database), ...reading(database) };
}

function reserving(database: Kysely<Tables>) {
  return {
    /** Waits for whoever else changes this key, holds it until the end of the transaction, and tells what it used. */
    lockKey: compileStatement<InPeriods, SpendingRow>(({ keyId, day, month }) =>
      database
        .insertInto('spending')
        .values({ key_id: keyId, day, day_tokens: 0, month, month_tokens: 0 })
        // Changes nothing: both databases hold and give back the row of a conflict only when it is written.
        .onConflict((conflict) => conflict.column('key_id').doUpdateSet({ key_id: keyId }))
        .returningAll(),
    ),
    /** Writes nothing where the tokens do not fit. Not one with `lockKey`, whose view may be of before it waited. */
    insertReservation: compileStatement<NewReservation, unknown>(
      ({ id, keyId, tokens, expiresAt, left, now }) =>
        database
          .insertInto('reservations')
          .columns(['id', 'key_id', 'tokens', 'settled', 'expires_at'])
          .expression(
            database
              .selectNoFrom([
                sql<string>`cast(${id} as text)`.as('id'),
                sql<string>`cast(${keyId} as text)`.as('key_id'),
                sql<number>`cast(${tokens} as bigint)`.as('tokens'),
                sql<number>`0`.as('settled'),
                sql<number>`cast(${expiresAt} as bigint)`.as('expires_at'),
              ])
              .where(sql<boolean>`cast(${left} as bigint) >= ${reservedTokens({ keyId, now })}`),
          )
          // Set aside by a transaction whose answer got lost.
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ tokens })),
    ),
  };
}

function settling(database: Kysely<Tables>) {
  return {
    /** Writes nothing where this call was settled before. */
    markSettled: compileStatement<OfCall, unknown>(({ id, keyId, expiresAt }) =>
      database
        .insertInto('reservations')
        .values({ id, key_id: keyId, tokens: 0, settled: 1, expires_at: expiresAt })
        .onConflict((conflict) =>
          conflict
            .column('id')
            .doUpdateSet({ tokens: 0, settled: 1, expires_at: expiresAt })
            .where('reservations.settled', '=', 0),
        ),
    ),
    /** A gateway whose clock is behind books into the day that others have begun. */
    addSpending: compileStatement<InPeriods & { readonly tokens: number }, unknown>(
      ({ keyId, day, month, tokens }) =>
        database
          .insertInto('spending')
          .values({ key_id: keyId, day, day_tokens: tokens, month, month_tokens: tokens })
          .onConflict((conflict) =>
            conflict.column('key_id').doUpdateSet({ ...addedTo('day'), ...addedTo('month') }),
          ),
    ),
    /** Leaves out what was settled meanwhile. */
    renew: (at: Kysely<Tables>, ids: readonly string[], expiresAt: number) =>
      at
        .updateTable('reservations')
        .set({ expires_at: expiresAt })
        .where('id', 'in', ids)
        .where('settled', '=', 0)
        .execute(),
    removeExpired: compileStatement<AtTime, unknown>(({ keyId, now }) =>
      database
        .deleteFrom('reservations')
        .where('key_id', '=', keyId)
        .where('settled', 'in', [0, 1])
        .where('expires_at', '<=', now),
    ),
  };
}

function reading(database: Kysely<Tables>) {
  return {
    readSpending: compileStatement<AtTime, SpendingRow & { readonly reserved: number }>(
      ({ keyId, now }) =>
        database
          .selectFrom('spending')
          .selectAll()
          .select(reservedTokens({ keyId, now }).as('reserved'))
          .where('key_id', '=', keyId),
    ),
  };
}

function reservedTokens({ keyId, now }: AtTime) {
  return sql<number>`(select cast(coalesce(sum(tokens), 0) as bigint) from reservations where key_id = ${keyId} and settled = 0 and expires_at > ${now})`;
}

/** Columns of a period: its tokens grow, unless a later period begins with these. */
function addedTo<Period extends 'day' | 'month'>(period: Period) {
  const isOver = sql`spending.${sql.ref(period)} < excluded.${sql.ref(period)}`;
  const tokens = sql.ref(`${period}_tokens`);
  return {
    [period]: sql<string>`case when ${isOver} then excluded.${sql.ref(period)} else spending.${sql.ref(period)} end`,
    [`${period}_tokens`]: sql<number>`case when ${isOver} then excluded.${tokens} else spending.${tokens} + excluded.${tokens} end`,
  };
}
