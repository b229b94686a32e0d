import type {
  Decision,
  NewOverride,
  PreviewAnswer,
  PreviewQuestion,
} from '../../../api/security.ts';

/** What an override says, without how long and why. */
export type Concern = Omit<NewOverride, 'ttl_seconds' | 'reason' | 'limits'>;

/** What would allow a call: an override, or nothing, and then why. */
export type Remedy =
  | { readonly kind: 'override'; readonly concern: Concern }
  /** `ceiling`: the key itself rules it out. `stopped`: an override denies it. */
  | { readonly kind: 'ceiling' | 'stopped' };

/** The tiers that tell what can be done about a denial. */
const tiers = { ceiling: 0, overrideDeny: 1, configDeny: 3 } as const;

/** The question that a decision answered; null of one that nobody can ask again. */
export function questionOfDecision(decision: Decision): PreviewQuestion | null {
  const { key_id: key, agent_id: agent, action, resource, user } = decision;
  const isTool = action === 'call_tool';
  if (key === null && agent === null) return null;
  return {
    principal: key ?? `agent:${agent}`,
    action,
    resource,
    ...(user === null ? {} : { user }),
    ...(isTool && agent !== null ? { agent_id: agent } : {}),
  };
}

/**
 * The smallest override by which a call is allowed: of the one who asked and of exactly what was asked, and no stronger
 * than the rule that denies makes necessary.
 *
 * @param rule - That denies it now; null where none fits.
 */
export function smallestOverride(decision: Decision, rule: PreviewAnswer['rule']): Remedy {
  if (rule?.tier === tiers.ceiling) return { kind: 'ceiling' };
  if (rule?.tier === tiers.overrideDeny) return { kind: 'stopped' };
  const { key_id: key, agent_id: agent, action, resource } = decision;
  return {
    kind: 'override',
    concern: {
      principal: key ?? `agent:${agent}`,
      action,
      resource,
      effect: 'allow',
      ...(rule?.tier === tiers.configDeny ? { break_glass: true } : {}),
    },
  };
}
