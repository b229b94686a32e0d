import type { KeyRecord, OverrideRecord } from '../../protocol/policy.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import { auditAgents } from './audit-agents.ts';
import { auditKeys } from './audit-keys.ts';
import { auditOverrides } from './audit-overrides.ts';
import { auditRules } from './audit-rules.ts';
import type { KnownAgent } from './preview.ts';

/** What an audit looks at. */
export type AuditFacts = {
  readonly rules: RuleSet;
  /** Ended ones included. */
  readonly keys: readonly KeyRecord[];
  readonly agents: readonly KnownAgent[];
  /** Those that hold now. */
  readonly overrides: readonly OverrideRecord[];
  readonly nowSeconds: number;
};

/** Something an operator should know (`info`) or change (`warning`). */
export type AuditFinding = {
  readonly severity: 'warning' | 'info';
  /** `noun_verb`, for scripts. */
  readonly code: string;
  /** Id of the key, rule or override, or the namespace or agent it is about. */
  readonly subject: string;
  readonly message: string;
  readonly hint: string;
};

/** Looks for gaps: what is open though nobody said so, what has no effect, what is left over. Warnings come first. */
export function audit(facts: AuditFacts): readonly AuditFinding[] {
  return [
    ...auditAgents(facts),
    ...auditRules(facts),
    ...auditOverrides(facts),
    ...auditKeys(facts),
  ].toSorted((a, b) => Number(a.severity === 'info') - Number(b.severity === 'info'));
}
