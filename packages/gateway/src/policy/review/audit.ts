import { auditAgents } from './audit-agents.ts';
import type { AuditFacts, AuditFinding } from './audit-facts.ts';
import { auditKeys } from './audit-keys.ts';
import { auditModels } from './audit-models.ts';
import { auditOverrides } from './audit-overrides.ts';
import { auditRules } from './audit-rules.ts';

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
