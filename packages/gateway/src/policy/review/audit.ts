import type { AuditFinding, AuditReport } from '../../protocol/security/audit.ts';
import { isUsable } from '../keys/known-keys.ts';
import { auditAgents } from './audit-agents.ts';
import type { AuditFacts } from './audit-facts.ts';
import { auditKeys } from './audit-keys.ts';
import { auditModels } from './audit-models.ts';
import { auditOverrides } from './audit-overrides.ts';
import { auditRules } from './audit-rules.ts';

/** An audit, with counts of what it looked at: of keys those that can be used. */
export function auditReport(facts: AuditFacts): AuditReport {
  const usable = facts.keys.filter((key) => isUsable(key, facts.nowSeconds));
  return {
    findings: audit(facts),
    summary: {
      agents: facts.agents.length,
      rules: facts.rules.rules.length,
      overrides: facts.overrides.length,
      keys: usable.length,
      adminKeys: usable.filter(({ role }) => role === 'admin').length,
    },
  };
}

/** Looks for gaps: what is open though nobody said so, what has no effect, what is left over. Warnings come first. */
export function audit(facts: AuditFacts): readonly AuditFinding[] {
  return [
    ...auditAgents(facts),
    ...auditRules(facts),
    ...auditOverrides(facts),
    ...auditKeys(facts),
    ...auditModels(facts),
  ].toSorted((a, b) => Number(a.severity === 'info') - Number(b.severity === 'info'));
}
