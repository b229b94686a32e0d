import { randomUUID } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { KeyLimits } from '../../protocol/policy.ts';
import type { Reservation, SpendingStore, Spent } from '../../protocol/store.ts';
import { createLeases } from './leases.ts';
import { createSettlements } from './settlements.ts';

/** Tokens set aside for one model call. */
export type Booking = {
  /** Books what the call used in place of what was set aside; only the first call counts. Never fails. */
  readonly settle: (tokens: number) => void;
};

export type Budgets = {
  readonly hasBudget: (keyId: string) => boolean;
  /**
   * Sets tokens aside for a call. Null at once, without asking for the estimate, where the key has no budget.
   *
   * @throws GatewayError `quota_exhausted` where they do not fit any more, `store_unavailable` where nobody can tell.
   */
  readonly reserve: (keyId: string, estimateTokens: () => number) => Promise<Booking> | null;
  /**
   * Refuses what cannot go well: a key whose tokens are all used.
   *
   * @throws GatewayError as `reserve`.
   */
  readonly check: (keyId: string) => Promise<void>;
  /** What is left of the budgets of these keys, of the first of them that have one; none of those that nobody can tell. */
  readonly left: (keyIds: readonly string[]) => Promise<readonly BudgetLeft[]>;
  /** Books what is still to be booked; resolves when that is done or has failed once more. */
  readonly close: () => Promise<void>;
};

/** Tokens that a key may still use in a period. */
export type BudgetLeft = {
  readonly keyId: string;
  readonly period: 'day' | 'month';
  readonly tokens: number;
};

/** Keys whose budgets are told together. */
const TOLD_KEYS = 200;

type TokenLimits = Pick<KeyLimits, 'tokensPerDay' | 'tokensPerMonth'>;

export type BudgetDeps = {
  readonly spending: SpendingStore;
  /** What holds for a key, and the account it is counted under; null for one without limits. */
  readonly limitsOf: (
    keyId: string,
  ) => { readonly account: string; readonly limits: TokenLimits } | null;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/** When tokens of a call that nobody settles or renews, because its gateway was killed, can be used again. */
const LEASE_SECONDS = 900;

/** Twice before it ends, so that one renewal that fails loses nothing. */
const RENEWED_EVERY_MS = (LEASE_SECONDS * 1000) / 3;

/** Budgets of tokens per key and UTC day or month, exact over everything that shares the store. */
export function createBudgets(deps: BudgetDeps): Budgets {
  const { nowSeconds } = deps;
  const settlements = createSettlements(deps.spending.settle, deps.emit);
  const leases = createLeases({
    renew: (ids) => deps.spending.renew(ids, nowSeconds() + LEASE_SECONDS),
    everyMs: RENEWED_EVERY_MS,
    emit: deps.emit,
  });

  const budgetOf = (keyId: string) => budgetIn(deps.limitsOf(keyId));

  const reserve = async (budget: NonNullable<Budget>, tokens: number) => {
    const reservation = {
      id: `rsv_${randomUUID()}`,
      keyId: budget.account,
      tokens,
      limits: budget.limits,
      nowSeconds: nowSeconds(),
      leaseSeconds: LEASE_SECONDS,
    };
    const result = await deps.spending.reserve(reservation).catch(cannotTell);
    if (result.type === 'exhausted') {
      throw doesNotFit(result.period, { tokens, limits: budget.limits, nowSeconds: nowSeconds() });
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
    reserve(keyId, estimateTokens) {
      const budget = budgetOf(keyId);
      return budget && reserve(budget, Math.max(1, Math.ceil(estimateTokens())));
    },
    async check(keyId) {
      const budget = budgetOf(keyId);
      if (!budget) return;
      const now = nowSeconds();
      const { day, month } = await deps.spending.spent(budget.account, now).catch(cannotTell);
      const { tokensPerDay, tokensPerMonth } = budget.limits;
      if (month >= (tokensPerMonth ?? Number.POSITIVE_INFINITY)) throw usedUp('month', now);
      if (day >= (tokensPerDay ?? Number.POSITIVE_INFINITY)) throw usedUp('day', now);
    },
    left: (keyIds) => leftOfAll(deps, keyIds),
    close() {
      leases.close();
      return settlements.close();
    },
  };
}

type Budget = ReturnType<BudgetDeps['limitsOf']>;

/** Null for one without a limit of tokens. */
function budgetIn(held: Budget): Budget {
  const isLimited =
    held !== null && (held.limits.tokensPerDay !== null || held.limits.tokensPerMonth !== null);
  return isLimited ? held : null;
}

async function leftOfAll(
  { spending, nowSeconds, limitsOf }: BudgetDeps,
  keyIds: readonly string[],
): Promise<BudgetLeft[]> {
  const left: BudgetLeft[] = [];
  let told = 0;
  for (const keyId of keyIds) {
    const budget = budgetIn(limitsOf(keyId));
    if (!budget) continue;
    told += 1;
    if (told > TOLD_KEYS) break;
    const spent = await spending.spent(budget.account, nowSeconds()).catch(() => null);
    if (spent) left.push(...leftOf(keyId, budget.limits, spent));
  }
  return left;
}

function leftOf(
  keyId: string,
  { tokensPerDay, tokensPerMonth }: TokenLimits,
  { day, month, reserved }: Spent,
): BudgetLeft[] {
  const of = (period: BudgetLeft['period'], limit: number | null, spent: number) =>
    limit === null ? [] : [{ keyId, period, tokens: Math.max(0, limit - spent - reserved) }];
  return [...of('day', tokensPerDay, day), ...of('month', tokensPerMonth, month)];
}

function once(settle: (tokens: number) => void): Booking {
  let isSettled = false;
  return {
    settle(tokens) {
      if (isSettled) return;
      isSettled = true;
      settle(tokens);
    },
  };
}

/** A budget that nobody can count is none: the call is refused rather than given away. */
function cannotTell(cause: unknown): never {
  throw new GatewayError(
    'store_unavailable',
    'The store of the gateway cannot be reached, so the token budget of this key cannot be counted. Try again later.',
    { cause },
  );
}

function doesNotFit(
  period: 'day' | 'month',
  { tokens, limits, nowSeconds }: Pick<Reservation, 'tokens' | 'limits' | 'nowSeconds'>,
): GatewayError {
  const limit = period === 'day' ? limits.tokensPerDay : limits.tokensPerMonth;
  return exhausted(
    period,
    `A model call of this run may take ${tokens} tokens, and fewer are left of the ${limit} that this key has for the ${period}.`,
    nowSeconds,
  );
}

function usedUp(period: 'day' | 'month', nowSeconds: number): GatewayError {
  return exhausted(period, `The tokens of this key for the ${period} are used up.`, nowSeconds);
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
