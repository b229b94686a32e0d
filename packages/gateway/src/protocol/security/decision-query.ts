import type { Action, Answer, DecisionRecord } from '../policy.ts';

/** Filters of the decision log; all given ones must fit. Newest first. */
export type DecisionQuery = {
  readonly keyId?: string;
  readonly user?: string;
  readonly agentId?: string;
  readonly action?: Action;
  readonly effect?: Answer;
  readonly tool?: string;
  readonly ruleId?: string;
  readonly requestId?: string;
  /** ISO 8601, UTC: at or after it. */
  readonly since?: string;
  /** ISO 8601, UTC: before it. */
  readonly until?: string;
  /** `next` of the page before. */
  readonly after?: string;
  readonly limit: number;
};

export type DecisionPage = {
  readonly decisions: readonly DecisionRecord[];
  /** To be given as `after` for the page that follows; null on the last one. */
  readonly next: string | null;
};
