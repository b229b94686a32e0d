import type { KeyRecord, OverrideRecord } from '../../protocol/policy.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import type { KnownAgent } from './known-agent.ts';

/** What an audit looks at. */
export type AuditFacts = {
  readonly rules: RuleSet;
  /** Ended ones included. */
  readonly keys: readonly KeyRecord[];
  readonly agents: readonly KnownAgent[];
  /** Those that hold now. */
  readonly overrides: readonly OverrideRecord[];
  readonly nowSeconds: number;
  /** Models that runs used lately and that end; `end` says when in words. */
  readonly retirements: readonly {
    readonly model: string;
    readonly upstream: string;
    readonly end: string;
    readonly agents: readonly string[];
    readonly keys: readonly string[];
  }[];
};
