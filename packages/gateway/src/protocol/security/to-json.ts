import type { Decision, DecisionRecord, KeyRecord, OverrideRecord, Rule } from '../policy.ts';
import { toRunLimitsJson } from '../usage/run-limits.ts';
import type {
  DecisionAnswer,
  KeyAnswer,
  OverrideAnswer,
  PreviewAnswer,
  RuleAnswer,
} from './answers.ts';
import type { Preview, PreviewChange, SuggestedOverride } from './preview-types.ts';
import { limitsToJson } from './whoami.ts';

/** A rule as it is shown. */
export function ruleToJson(rule: Rule): RuleAnswer {
  const { exceptPrincipals, exceptResources, provenances } = rule;
  return {
    id: rule.id,
    tier: rule.tier,
    source: rule.source,
    effect: rule.requiresApproval ? 'require_approval' : rule.effect,
    action: rule.action,
    principals: [...rule.principals],
    resources: [...rule.resources],
    ...(exceptPrincipals ? { except_principals: [...exceptPrincipals] } : {}),
    ...(exceptResources ? { except_resources: [...exceptResources] } : {}),
    ...(provenances ? { provenances: [...provenances] } : {}),
    ...(rule.ofOwn ? { own: true } : {}),
    ...(rule.approvers ? { approvers: [...rule.approvers] } : {}),
    when: rule.when ?? null,
    expires_at: isoTime(rule.expiresAtSeconds ?? null),
    reason: rule.reason ?? null,
  };
}

/** An override as it is shown; `nowSeconds` tells whether it still holds. */
export function overrideToJson(override: OverrideRecord, nowSeconds: number): OverrideAnswer {
  return {
    id: override.id,
    state: stateOf(override, nowSeconds),
    principal: override.principal,
    action: override.action,
    resource: override.resource,
    effect: override.effect,
    break_glass: override.breakGlass,
    limits: override.limits && toRunLimitsJson(override.limits),
    reason: override.reason,
    created_by: override.createdBy,
    created_at: isoTime(override.createdAtSeconds),
    expires_at: isoTime(override.expiresAtSeconds),
    revoked_at: isoTime(override.revokedAtSeconds),
    revoked_by: override.revokedBy,
  };
}

/** What a preview found, as it is shown. */
export function previewToJson(preview: Preview): PreviewAnswer {
  const { decision, matched, warnings, smallestOverride, draft } = preview;
  return {
    ...verdictToJson(decision),
    matched: matched.map(ruleToJson),
    ...(warnings.length > 0 && { warnings: [...warnings] }),
    ...(decision.answer === 'deny' && {
      smallest_override: smallestOverride && suggestionToJson(smallestOverride),
    }),
    ...(draft && {
      before: verdictToJson(draft.before),
      after: verdictToJson(draft.after),
      changes: draft.changes.map(changeToJson),
      truncated: draft.isTruncated,
    }),
  };
}

function suggestionToJson({ breakGlass, isWithinReach, ...override }: SuggestedOverride) {
  return { ...override, break_glass: breakGlass, within_reach: isWithinReach };
}

function changeToJson({ principal, agentId, ...change }: PreviewChange) {
  const { type, id } = principal;
  return {
    principal: { type, id, name: type === 'key' ? principal.name : id },
    agent_id: agentId ?? null,
    ...change,
  };
}

function verdictToJson({ answer, rule }: Decision): Pick<PreviewAnswer, 'decision' | 'rule'> {
  return {
    decision: answer,
    rule: rule && {
      id: rule.id,
      tier: rule.tier,
      source: rule.source,
      reason: rule.reason ?? null,
    },
  };
}

/** A decision as it is shown. */
export function decisionToJson(decision: DecisionRecord): DecisionAnswer {
  return {
    id: decision.id,
    time: decision.time,
    request_id: decision.requestId,
    key_id: decision.keyId,
    user: decision.user,
    role: decision.role,
    action: decision.action,
    effect: decision.effect,
    resource: decision.resource,
    agent_id: decision.agentId,
    module_path: decision.modulePath,
    tool: decision.tool,
    rule_id: decision.ruleId,
    tier: decision.tier,
    source: decision.source,
    reason: decision.reason,
  };
}

/** A key as it is shown: its hash stays out. */
export function keyToJson(key: KeyRecord, nowSeconds: number): KeyAnswer {
  return {
    id: key.id,
    name: key.name,
    role: key.role,
    state: stateOf(key, nowSeconds),
    namespaces: key.namespaces && [...key.namespaces],
    agents: key.agents && [...key.agents],
    limits: limitsToJson(key.limits),
    run_limits: key.runLimits && toRunLimitsJson(key.runLimits),
    forwards_users: key.forwardsUsers,
    created_at: isoTime(key.createdAtSeconds),
    created_by: key.createdBy,
    expires_at: isoTime(key.expiresAtSeconds),
    revoked_at: isoTime(key.revokedAtSeconds),
    rotated_from: key.rotatedFrom,
    last_used_at: isoTime(key.lastUsedAtSeconds),
  };
}

type Ending = Pick<KeyRecord, 'revokedAtSeconds' | 'expiresAtSeconds'>;

function stateOf(
  { revokedAtSeconds, expiresAtSeconds }: Ending,
  nowSeconds: number,
): KeyAnswer['state'] {
  if (revokedAtSeconds !== null) return 'revoked';
  return expiresAtSeconds !== null && expiresAtSeconds <= nowSeconds ? 'expired' : 'active';
}

function isoTime(seconds: number): string;
function isoTime(seconds: number | null): string | null;
function isoTime(seconds: number | null): string | null {
  return seconds === null ? null : new Date(seconds * 1000).toISOString();
}
