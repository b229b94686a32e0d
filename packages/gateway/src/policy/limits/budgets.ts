import { randomUUID } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { KeyLimits } from '../../protocol/policy.ts';
import { isOfUsers } from '../../protocol/security/user-principal.ts';
import type { SpendingStore, Spent } from '../../protocol/store.ts';
import { type BudgetUnit, type PeriodLimits, tokenUnit } from './budget-units.ts';
import { createLeases } from './leases.ts';
import { createSettlements } from './settlements.ts';

/** What is set aside for one model call. */
export type Booking = {
  /** Books what the call used in place of what was set aside; only the first call counts. Never fails. */
  readonly settle: (used: number) => void;
};

export type Budgets = {
  readonly hasBudget: (keyId: string) => boolean;
  /**
   * Sets something aside for a call. Null at once, without asking for the estimate, where the key has no budget.
   *
   * @throws GatewayError `quota_exhausted` where they do not fit any more, `store_unavailable` where nobody can tell.
   */
  readonly reserve: (keyId: string, estimate: () => number) => Promise<Booking> | null;
  /**
   * Refuses what cannot go well: a key whose budget is all used.
   *
   * @throws GatewayError as `reserve`.
   */
  readonly check: (keyId: string) => Promise<void>;
  /** What is left of the budgets of these keys, of the first of them that have one; none of those that nobody can tell. */
  readonly left: (keyIds: readonly string[]) => Promise<readonly BudgetLeft[]>;
  /** Books what is still to be booked; resolves when that is done or has failed once more. */
  readonly close: () => Promise<void>;
};

/** What a key may still use in a period. */
export type BudgetLeft = {
  readonly keyId: string;
  readonly period: 'day' | 'month';
  readonly left: number;
};

/** Keys whose budgets are told together. */
const TOLD_KEYS = 200;

export type BudgetDeps = {
  readonly spending: SpendingStore;
  /** What holds for a key, and the account it is counted under; null for one without limits. */
  readonly limitsOf: (
    keyId: string,
  ) => { readonly account: string; readonly limits: KeyLimits } | null;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/** When tokens of a call that nobody settles or renews, because its gateway was killed, can be used again. */
const LEASE_SECONDS = 900;

/** Twice before it ends, so that one renewal that fails loses nothing. */
const RENEWED_EVERY_MS = (LEASE_SECONDS * 1000) / 3;

/** Budgets per key and UTC day or month, exact over everything that shares the store. */
export function createBudgets(given: BudgetDeps, unit: BudgetUnit = tokenUnit): Budgets {
  const deps = { ...given, unit };
  const { nowSeconds } = deps;
  const settlements = createSettlements(deps.spending.settle, deps.emit);
  const leases = createLeases({
    renew: (ids) => deps.spending.renew(ids, nowSeconds() + LEASE_SECONDS),
    everyMs: RENEWED_EVERY_MS,
    emit: deps.emit,
  });

  const budgetOf = (keyId: string) => budgetOfKey(deps, keyId);

  const reserve = async (budget: NonNullable<Budget>, tokens: number) => {
    const reservation = {
      id: `rsv_${randomUUID()}`,
      keyId: budget.account,
      tokens,
      limits: { tokensPerDay: budget.limits.day, tokensPerMonth: budget.limits.month },
      nowSeconds: nowSeconds(),
      leaseSeconds: LEASE_SECONDS,
    };
    const result = await deps.spending.reserve(reservation).catch(cannotTell(unit, budget));
    if (result.type === 'exhausted') {
      const asked = { amount: tokens, budget, nowSeconds: nowSeconds() };
      throw doesNotFit(unit, result.period, asked);
    }
    leases.add(reservation.id);
    return once((used: number) => {
      const { id, keyId } = reservation;
      leases.remove(id);
      settlements.add({ id, keyId, tokens: Math.ceil(used), nowSeconds: nowSeconds() });
    });
  };

  return {
    hasBudget: (keyId) => budgetOf(keyId) !== null,
    reserve(keyId, estimate) {
      const budget = budgetOf(keyId);
      return budget && reserve(budget, Math.max(1, Math.ceil(estimate())));
    },
    async check(keyId) {
      const budget = budgetOf(keyId);
      if (!budget) return;
      const now = nowSeconds();
      const spending = deps.spending.spent(budget.account, now);
      const { day, month } = await spending.catch(cannotTell(unit, budget));
      const { limits, whose } = budget;
      const asked = { whose, nowSeconds: now };
      if (month >= (limits.month ?? Number.POSITIVE_INFINITY)) throw usedUp(unit, 'month', asked);
      if (day >= (limits.day ?? Number.POSITIVE_INFINITY)) throw usedUp(unit, 'day', asked);
    },
    left: (keyIds) => leftOfAll(deps, keyIds),
    close() {
      leases.close();
      return settlements.close();
    },
  };
}

type Deps = BudgetDeps & { readonly unit: BudgetUnit };

type Budget = {
  readonly account: string;
  readonly limits: PeriodLimits;
  /** `key` or `user`. */
  readonly whose: string;
} | null;

/** Null for a key without one. */
function budgetOfKey({ limitsOf, unit }: Deps, keyId: string): Budget {
  const held = limitsOf(keyId);
  if (!held) return null;
  const limits = unit.limitsOf(held.limits);
  if (limits.day === null && limits.month === null) return null;
  const whose = isOfUsers(keyId) ? 'user' : 'key';
  return { account: unit.accountOf(held.account), limits, whose };
}

async function leftOfAll(deps: Deps, keyIds: readonly string[]): Promise<BudgetLeft[]> {
  const left: BudgetLeft[] = [];
  let told = 0;
  for (const keyId of keyIds) {
    const budget = budgetOfKey(deps, keyId);
    if (!budget) continue;
    told += 1;
    if (told > TOLD_KEYS) break;
    const reading = deps.spending.spent(budget.account, deps.nowSeconds());
    const spent = await reading.catch(() => null);
    if (spent) left.push(...leftOf(keyId, budget.limits, spent));
  }
  return left;
}

function leftOf(keyId: string, limits: PeriodLimits, { reserved, ...spent }: Spent): BudgetLeft[] {
  return (['day', 'month'] as const).flatMap((period) => {
    const limit = limits[period];
    if (limit === null) return [];
    return [{ keyId, period, left: Math.max(0, limit - spent[period] - reserved) }];
  });
}

function once(settle: (used: number) => void): Booking {
  let isSettled = false;
  return {
    settle(used) {
      if (isSettled) return;
      isSettled = true;
      settle(used);
    },
  };
}

/** A budget that nobody can count is none: the call is refused rather than given away. */
function cannotTell(
  { words }: BudgetUnit,
  { whose }: NonNullable<Budget>,
): (cause: unknown) => never {
  return (cause) => {
    throw new GatewayError(
      'store_unavailable',
      `The store of the gateway cannot be reached, so the ${words.budget} of this ${whose} cannot be counted. Try again later.`,
      { cause },
    );
  };
}

function doesNotFit(
  { shown, words }: BudgetUnit,
  period: 'day' | 'month',
  asked: {
    readonly amount: number;
    readonly budget: NonNullable<Budget>;
    readonly nowSeconds: number;
  },
): GatewayError {
  const { limits, whose } = asked.budget;
  const limit = shown(limits[period] ?? 0).replace(/ .*/, '');
  return exhausted(
    period,
    `A model call of this run may take ${shown(asked.amount)}, and ${words.fewer} left of the ${limit} that this ${whose} has for the ${period}.`,
    asked.nowSeconds,
  );
}

function usedUp(
  { words }: BudgetUnit,
  period: 'day' | 'month',
  { whose, nowSeconds }: { readonly whose: string; readonly nowSeconds: number },
): GatewayError {
  const why = `The ${words.used} of this ${whose} for the ${period} are used up.`;
  return exhausted(period, why, nowSeconds);
}

function exhausted(period: 'day' | 'month', why: string, nowSeconds: number): GatewayError {
  const resetsAtSeconds = nextPeriodSeconds(period, nowSeconds);
  const begins = new Date(resetsAtSeconds * 1000).toISOString().slice(0, 16);
  return new GatewayError('quota_exhausted', `${why} The next ${period} begins at ${begins}Z.`, {
    retryAfterSeconds: resetsAtSeconds - nowSeconds,
  });
}

/** When the next UTC day or month begins. */
function nextPeriodSeconds(period: 'day' | 'month', nowSeconds: number): number {
  const now = new Date(nowSeconds * 1000);
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  return (period === 'day' ? Date.UTC(year, month, day + 1) : Date.UTC(year, month + 1)) / 1000;
}
