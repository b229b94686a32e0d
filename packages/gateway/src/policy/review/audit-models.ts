import type { AuditFinding } from '../../protocol/security/audit.ts';
import type { AuditFacts } from './audit-facts.ts';

/** Models that agents used lately and that end. */
export function auditModels({ retirements }: AuditFacts): AuditFinding[] {
  return retirements.map(({ model, upstream, end, agents, keys }) => ({
    severity: 'warning',
    code: 'model_retiring',
    subject: model,
    message: `The model ${model} of ${upstream} ${end}. It was used by ${agents.join(', ')}, for ${keys.join(', ')}.`,
    hint: `Name another model in these agents, or an alias for ${model} in upstreams.${upstream}.model_aliases.`,
  }));
}
