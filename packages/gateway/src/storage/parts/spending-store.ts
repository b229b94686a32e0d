import type { Transaction } from 'kysely';
import type { Reservation, ReserveResult, SpendingStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';
import type { SpendingRow, Tables } from '../tables.ts';
import { createSpendingStatements, type SpendingStatements } from './spending-statements.ts';

/** How long it is remembered that a call was booked: longer than anybody tries again after a lost answer. */
const SETTLED_KEPT_SECONDS = 900;

/** Databases bound how many values a statement may have. */
const RENEWED_AT_ONCE = 500;

/** What keys used, in an open database. */
export function createSpendingStore({ relaxed, guarded, promptly }: Engine): SpendingStore {
  const statements = createSpendingStatements(relaxed);
  const book: SpendingStore['settle'] = async (settlement) => {
    await relaxed.transaction().execute((work) => settle(statements, work, settlement));
    // Not in the transaction, which would hold what others wait for while it waits for calls that they settle.
    const { keyId, nowSeconds } = settlement;
    await statements.removeExpired(relaxed, { keyId, now: Math.floor(nowSeconds) });
  };
  return {
    reserve: (reservation) =>
      promptly.ask(async (call) => {
        const result = await relaxed
          .transaction()
          .execute((work) => reserve(statements, work, reservation));
        // The call it was for has been refused by now.
        if (call.isGivenUp) await book({ ...reservation, tokens: 0 });
        return result;
      }),
    settle: (settlement) => guarded(() => book(settlement)),
    renew: (reservationIds, expiresAtSeconds) =>
      guarded(async () => {
        const expiresAt = Math.ceil(expiresAtSeconds);
        for (let at = 0; at < reservationIds.length; at += RENEWED_AT_ONCE) {
          await statements.renew(
            relaxed,
            reservationIds.slice(at, at + RENEWED_AT_ONCE),
            expiresAt,
          );
        }
      }),
    spent: (keyId, nowSeconds) =>
      promptly.ask(async () => {
        const now = Math.floor(nowSeconds);
        const [row] = (await statements.readSpending(relaxed, { keyId, now })).rows;
        if (!row) return { day: 0, month: 0, reserved: 0 };
        return { ...usedIn(periodsAt(nowSeconds), row), reserved: row.reserved };
      }),
  };
}

async function reserve(
  statements: SpendingStatements,
  work: Transaction<Tables>,
  { id, keyId, tokens: wanted, limits, nowSeconds, leaseSeconds }: Reservation,
): Promise<ReserveResult> {
  // What a call may cost is a number of its maker's; the database knows none beyond 64 bits.
  const tokens = Math.min(wanted, Number.MAX_SAFE_INTEGER);
  const periods = periodsAt(nowSeconds);
  const [row] = (await statements.lockKey(work, { keyId, ...periods })).rows;
  // A gateway whose clock is behind must not take back a day that others have begun.
  const { day, month } = row ? usedIn(latest(periods, row), row) : { day: 0, month: 0 };
  const leftToday = (limits.tokensPerDay ?? Number.MAX_SAFE_INTEGER) - day - tokens;
  const leftThisMonth = (limits.tokensPerMonth ?? Number.MAX_SAFE_INTEGER) - month - tokens;
  const now = Math.floor(nowSeconds);
  const { numAffectedRows: written } = await statements.insertReservation(work, {
    id,
    keyId,
    tokens,
    now,
    left: Math.min(leftToday, leftThisMonth),
    expiresAt: Math.ceil(nowSeconds + leaseSeconds),
  });
  if (written === 1n) return { type: 'reserved' };
  if (limits.tokensPerMonth === null) return { type: 'exhausted', period: 'day' };
  const reserved = (await statements.readSpending(work, { keyId, now })).rows[0]?.reserved ?? 0;
  return { type: 'exhausted', period: reserved > leftThisMonth ? 'month' : 'day' };
}

async function settle(
  statements: SpendingStatements,
  work: Transaction<Tables>,
  { id, keyId, tokens, nowSeconds }: Parameters<SpendingStore['settle']>[0],
): Promise<void> {
  const expiresAt = Math.ceil(nowSeconds) + SETTLED_KEPT_SECONDS;
  const { numAffectedRows: marked } = await statements.markSettled(work, { id, keyId, expiresAt });
  if (marked !== 1n || tokens === 0) return;
  await statements.addSpending(work, { keyId, tokens, ...periodsAt(nowSeconds) });
}

type Periods = { readonly day: string; readonly month: string };

function latest(periods: Periods, row: SpendingRow): Periods {
  return { day: later(row.day, periods.day), month: later(row.month, periods.month) };
}

function later(a: string, b: string): string {
  return a < b ? b : a;
}

/** What a row says about these periods: what it holds of earlier ones is over. */
function usedIn({ day, month }: Periods, row: SpendingRow) {
  return {
    day: row.day === day ? row.day_tokens : 0,
    month: row.month === month ? row.month_tokens : 0,
  };
}

function periodsAt(nowSeconds: number): Periods {
  const iso = new Date(nowSeconds * 1000).toISOString();
  return { day: iso.slice(0, 10), month: iso.slice(0, 7) };
}
