import { type OverrideRecord, type Rule, tiers } from '../../protocol/policy.ts';

/** What makes a rule of an override. */
type RulePart = Pick<
  OverrideRecord,
  'id' | 'principal' | 'action' | 'resource' | 'effect' | 'breakGlass'
>;

/** An override as a rule; its effect and whether it breaks glass give its tier. */
export function overrideRule({
  principal,
  resource,
  breakGlass,
  ...rule
}: RulePart & Partial<Pick<OverrideRecord, 'expiresAtSeconds' | 'reason' | 'limits'>>): Rule {
  const { id, effect, action, expiresAtSeconds, reason, limits = null } = rule;
  return {
    id,
    effect,
    action,
    principals: [principal],
    resources: [resource],
    tier: tierOf(effect, breakGlass),
    source: 'override',
    ...(expiresAtSeconds !== undefined && { expiresAtSeconds }),
    ...(reason !== undefined && { reason }),
    ...(limits !== null && { limits }),
  };
}

function tierOf(effect: Rule['effect'], breakGlass: boolean): number {
  if (effect === 'deny') return tiers.overrideDeny;
  return breakGlass ? tiers.breakGlass : tiers.overrideAllow;
}
