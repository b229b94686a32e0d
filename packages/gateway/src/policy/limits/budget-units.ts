import type { KeyLimits } from '../../protocol/policy.ts';

/** What a budget is counted in. Amounts are whole. */
export type BudgetUnit = {
  /** Under which the use of an account is kept, apart from what is counted otherwise. */
  readonly accountOf: (account: string) => string;
  /** How much a key may use; null is without limit. */
  readonly limitsOf: (limits: KeyLimits) => PeriodLimits;
  readonly shown: (amount: number) => string;
  /** In sentences: "The tokens of this key are used up", "fewer are left", "the token budget of this key". */
  readonly words: { readonly used: string; readonly fewer: string; readonly budget: string };
};

export type PeriodLimits = { readonly day: number | null; readonly month: number | null };

/** Of model calls, in and out. */
export const tokenUnit: BudgetUnit = {
  accountOf: (account) => account,
  limitsOf: ({ tokensPerDay, tokensPerMonth }) => ({ day: tokensPerDay, month: tokensPerMonth }),
  shown: (tokens) => `${tokens} tokens`,
  words: { used: 'tokens', fewer: 'fewer are', budget: 'token budget' },
};

const NANO_PER_DOLLAR = 1_000_000_000;

/** Thousand-millionths of a US dollar. */
export const moneyUnit: BudgetUnit = {
  accountOf: (account) => `usd:${account}`,
  limitsOf: ({ usdPerDay, usdPerMonth }) => ({ day: nano(usdPerDay), month: nano(usdPerMonth) }),
  shown: (amount) => `$${Number((amount / NANO_PER_DOLLAR).toPrecision(6))}`,
  words: { used: 'US dollars', fewer: 'less is', budget: 'budget in money' },
};

function nano(dollars: number | null): number | null {
  return dollars === null ? null : Math.round(dollars * NANO_PER_DOLLAR);
}
