/** What usage can be told by. */
export const usageDimensions = ['key', 'agent', 'model', 'upstream', 'user', 'day'] as const;

export type UsageDimension = (typeof usageDimensions)[number];

/** What was used by one of each on a day; a text that is not known is empty. */
export type UsagePlace = {
  /** UTC: `2026-11-29`. */
  readonly day: string;
  readonly keyId: string;
  readonly agentId: string;
  /** Empty, as the upstream, of what a run counts before it calls any. */
  readonly model: string;
  readonly upstream: string;
  /** `user` of the request. */
  readonly user: string;
};

/** How much; what several gateways counted adds up. */
export type UsageCounts = {
  /** Runs that began. */
  readonly runs: number;
  readonly modelCalls: number;
  readonly failedCalls: number;
  readonly abortedCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedInputTokens: number;
  readonly reasoningTokens: number;
  /** Thousand-millionths of a US dollar, of calls whose price is known. */
  readonly costNanoUsd: number;
  /** Calls that were counted and whose price nobody knows. */
  readonly unpricedCalls: number;
};

/** Names of the counts. */
export const usageCountNames = [
  'runs',
  'modelCalls',
  'failedCalls',
  'abortedCalls',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'reasoningTokens',
  'costNanoUsd',
  'unpricedCalls',
] as const satisfies readonly (keyof UsageCounts)[];

/** Nothing, to which is added. */
export function noCounts(): { -readonly [Name in keyof UsageCounts]: number } {
  return {
    runs: 0,
    modelCalls: 0,
    failedCalls: 0,
    abortedCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    reasoningTokens: 0,
    costNanoUsd: 0,
    unpricedCalls: 0,
  };
}

export type UsageRecord = UsagePlace & UsageCounts;

/** A model that was called, and who called it. */
export type UsedModel = Pick<UsagePlace, 'agentId' | 'keyId' | 'upstream' | 'model'>;

/** A model without a price that was used. */
export type UnpricedModel = Pick<UsagePlace, 'agentId' | 'upstream' | 'model'>;

/** Which sums of a day. */
export type DayQuery = {
  readonly by: readonly UsageDimension[];
  /** What models were asked, or also the runs, which are of no model. */
  readonly of: 'all' | 'model_calls';
  /** The last one of the page before. */
  readonly after?: UsageRecord | undefined;
  readonly limit: number;
};

/** What was used, by day. */
export type UsageStore = {
  /** Adds counts to what is there, all or nothing. */
  add(records: readonly UsageRecord[]): Promise<void>;
  /** Days of which something is kept, from one to another, both included; oldest first. */
  days(range: { readonly since: string; readonly until: string }): Promise<readonly string[]>;
  /** Sums of a day by some dimensions, in the order of these; the other ones of each are empty. */
  sumDay(day: string, query: DayQuery): Promise<readonly UsageRecord[]>;
  /** Models of a day whose price nobody knew, the first of them. */
  unpriced(day: string, limit: number): Promise<readonly UnpricedModel[]>;
  /** Models that were called from a day on, each once for who called it. */
  usedModels(sinceDay: string): Promise<readonly UsedModel[]>;
  /** Removes the days before one. @returns How many rows. */
  prune(beforeDay: string): Promise<number>;
};

/** The UTC day of a time. */
export function dayOf(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(0, 10);
}
