import {
  type Effect,
  type KeyLimits,
  keyLimits,
  limitNames,
  type OutsideCalls,
  type Rule,
  type RuleEffect,
  tiers,
} from '../protocol/policy.ts';
import type { DeniedHostedTools } from '../protocol/tools/hosted-tools.ts';
import { fromRunLimitsJson, type RunLimits } from '../protocol/usage/run-limits.ts';
import type { NamespaceSettings } from './rules/namespaces.ts';
import type { RawRule, RawSecurity } from './security-schema.ts';

// The settings are read by config/, which knows this file of the policy alone.
export { securityProblems } from './rules/check-rules.ts';
export { securitySchema } from './security-schema.ts';
export type { Issuer } from './tokens/issuer-settings.ts';
export { authSchema, toIssuers } from './tokens/jwt-schema.ts';
export { toUserSettings, type UserSettings } from './users/users-schema.ts';

/** The section, ready for use. */
export type SecuritySettings = {
  readonly namespaces: Readonly<Record<string, NamespaceSettings>>;
  /** Of tier 3 and 5. */
  readonly rules: readonly Rule[];
  /** Of keys that set none. */
  readonly limits: KeyLimits;
  /** Of each user of each key that forwards them. */
  readonly userLimits: KeyLimits;
  /** Of each run, of keys that set none. */
  readonly runLimits: RunLimits;
  readonly callsOutsideRuns: OutsideCalls;
  readonly unknownHostedTools: Effect;
  readonly deniedHostedTools: DeniedHostedTools;
  readonly decisions: { readonly keepDays: number; readonly keepCount: number };
  readonly storeGraceMs: number;
};

/** Makes the `security` section ready for use: rules with their tiers, times in seconds, names in camelCase. */
export function toSecuritySettings({ limits, ...raw }: RawSecurity): SecuritySettings {
  return {
    namespaces: Object.fromEntries(
      Object.entries(raw.namespaces).map(([name, settings]) => [
        name,
        toNamespaceSettings(settings),
      ]),
    ),
    rules: raw.rules.map(toRule),
    limits: keyLimits((name) => limits[limitNames[name]] ?? null),
    userLimits: keyLimits((name) => raw.user_limits[limitNames[name]] ?? null),
    runLimits: fromRunLimitsJson(raw.run_limits),
    callsOutsideRuns: raw.calls_outside_runs,
    unknownHostedTools: raw.unknown_hosted_tools,
    deniedHostedTools: raw.denied_hosted_tools,
    decisions: { keepDays: raw.decisions.keep_days, keepCount: raw.decisions.keep_count },
    storeGraceMs: raw.store_grace_ms,
  };
}

/** A rule of the settings. Its effect gives its tier. */
function toRule({ expires_at, when, reason, approvers, ...rule }: RawRule): Rule {
  return {
    ...rule,
    ...effectOf(rule.effect),
    source: 'config',
    ...(approvers !== undefined && { approvers }),
    ...(when !== undefined && { when }),
    ...(expires_at !== undefined && { expiresAtSeconds: Date.parse(expires_at) / 1000 }),
    ...(reason !== undefined && { reason }),
  };
}

function toNamespaceSettings(raw: RawSecurity['namespaces'][string]): NamespaceSettings {
  const { run_agents: runAgents, native_tools: nativeTools, tools, modules } = raw;
  const { offer_tools: offerTools, limits } = raw;
  return {
    ...(runAgents !== undefined && { runAgents }),
    ...(nativeTools !== undefined && { nativeTools }),
    ...(tools !== undefined && { tools }),
    ...(offerTools !== undefined && { offerTools }),
    ...(modules !== undefined && { modules }),
    ...(limits !== undefined && { limits: fromRunLimitsJson(limits) }),
  };
}

/** What a rule of the settings decides, and when it is heard: one that asks for approval before those that allow. */
export function effectOf(effect: RuleEffect): Pick<Rule, 'effect' | 'tier' | 'requiresApproval'> {
  if (effect === 'require_approval') {
    return { effect: 'deny', tier: tiers.configAllow, requiresApproval: true };
  }
  return { effect, tier: effect === 'deny' ? tiers.configDeny : tiers.configAllow };
}
