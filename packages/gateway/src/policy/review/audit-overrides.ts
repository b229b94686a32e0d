import type { OverrideRecord } from '../../protocol/policy.ts';
import type { AuditFinding } from '../../protocol/security/audit.ts';
import { isUsable } from '../keys/known-keys.ts';
import type { AuditFacts } from './audit-facts.ts';

/** Overrides that hold now, above all those that break glass or outlive the key that made them. */
export function auditOverrides({ overrides, keys, nowSeconds }: AuditFacts): AuditFinding[] {
  const ended = new Set(keys.filter((key) => !isUsable(key, nowSeconds)).map(({ id }) => id));
  return overrides.map((override) => {
    const isOrphan = ended.has(override.createdBy);
    return {
      severity: override.breakGlass || isOrphan ? 'warning' : 'info',
      code: codeOf(override, isOrphan ? 'orphaned' : 'open'),
      subject: override.id,
      message: [
        `${override.effect} ${override.principal} to ${override.action} ${override.resource}`,
        `until ${new Date(override.expiresAtSeconds * 1000).toISOString()}`,
        `by ${override.createdBy}${isOrphan ? ', a key that has ended' : ''}: ${override.reason}`,
      ].join(', '),
      hint: `End it where it is not needed: \`dropgate security revoke ${override.id}\`.`,
    };
  });
}

function codeOf({ breakGlass }: OverrideRecord, otherwise: 'open' | 'orphaned'): string {
  return breakGlass ? 'override_breaks_glass' : `override_${otherwise}`;
}
