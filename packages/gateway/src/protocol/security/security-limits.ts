/** Longest lives and sizes of what the routes and commands for security take. */
export const securityLimits = {
  /** Of an override: a day. */
  overrideTtlSeconds: 86_400,
  /** Of an old key beside the one that replaces it: 30 days. */
  overlapSeconds: 2_592_000,
  /** Rules of a draft. */
  draftRules: 100,
  /** Patterns of all of them, which are compared with every question there can be. */
  draftPatterns: 1000,
  /** Characters of the arguments that a preview asks about, as JSON: each condition reads them. */
  previewArgsChars: 10_000,
  /** Characters of a pattern of principals or resources. */
  patternChars: 200,
  /** Characters of a condition in CEL. */
  conditionChars: 2000,
  /** Characters of the reason of a rule or an override. */
  reasonChars: 500,
} as const;

/** Ids of rules; those of overrides begin with `ovr_`. */
export const ruleIdForm = /^(?!ovr_)[a-z0-9][a-z0-9._-]{0,63}$/;

/** The overlap of a rotated key where none is given: an hour. */
export const defaultOverlapSeconds = 3600;

/** Budgets in US dollars: they are counted in thousand-millionths. */
export const moneyLimits = { leastUsd: 0.000001, mostUsd: 1_000_000 } as const;
