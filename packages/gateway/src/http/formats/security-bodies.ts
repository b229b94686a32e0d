import type { LimitChanges } from '../../policy/keys/manage-keys.ts';
import type { NewKey } from '../../policy/keys/new-key.ts';
import { keyLimits, limitNames } from '../../protocol/policy.ts';
import type { DecisionQuery } from '../../protocol/security/decision-query.ts';
import { given, toSeconds } from '../../protocol/security/from-json.ts';
import type { NewOverride } from '../../protocol/security/preview-types.ts';
import type {
  DecisionsQuery,
  KeyBody,
  KeyLimitsBody,
  OverrideBody,
} from '../../protocol/security/requests.ts';
import { fromRunLimitsJson } from '../../protocol/usage/run-limits.ts';

/** A checked body as the override it asks for. */
export function toNewOverride(body: OverrideBody): NewOverride {
  const { ttl_seconds: ttlSeconds, break_glass: breakGlass, limits, ...rest } = body;
  return { ...rest, ttlSeconds, breakGlass, limits: limits && fromRunLimitsJson(limits) };
}

/** A checked query as the decisions it asks for; times in UTC. */
export function toDecisionQuery(query: DecisionsQuery): DecisionQuery {
  return given<DecisionQuery>({
    keyId: query.key_id,
    user: query.user,
    agentId: query.agent,
    action: query.action,
    effect: query.effect,
    tool: query.tool,
    ruleId: query.rule,
    requestId: query.request_id,
    since: query.since && new Date(query.since).toISOString(),
    until: query.until && new Date(query.until).toISOString(),
    after: query.after,
    limit: query.limit,
  });
}

/** A checked body as the key it asks for. */
export function toNewKey(body: KeyBody): Omit<NewKey, 'createdBy'> {
  const { limits } = body;
  return given<Omit<NewKey, 'createdBy'>>({
    name: body.name,
    role: body.role,
    namespaces: body.namespaces ?? undefined,
    agents: body.agents ?? undefined,
    expiresAtSeconds: toSeconds(body.expires_at ?? undefined),
    limits: limits && keyLimits((name) => limits[limitNames[name]] ?? null),
    forwardsUsers: body.forwards_users,
    runLimits: body.run_limits ? fromRunLimitsJson(body.run_limits) : undefined,
  });
}

/** A checked body as the limits that change. */
export function toLimitChanges({ limits, run_limits: ofRuns }: KeyLimitsBody): LimitChanges {
  const names = Object.entries(limitNames).flatMap(([name, json]) => {
    const limit = limits?.[json];
    return limit === undefined ? [] : [[name, limit] as const];
  });
  return given<LimitChanges>({
    limits: limits && Object.fromEntries(names),
    runLimits: ofRuns === undefined ? undefined : ofRuns && fromRunLimitsJson(ofRuns),
  });
}
