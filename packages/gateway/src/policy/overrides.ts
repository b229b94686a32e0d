import { randomBytes } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Actor, KeyRecord, OverrideRecord } from '../protocol/policy.ts';
import type { NewOverride } from '../protocol/security/preview-types.ts';
import { securityLimits } from '../protocol/security/security-limits.ts';
import { isOfTokens } from '../protocol/security/token-principal.ts';
import type { OverrideStore } from '../protocol/store.ts';
import { checkOverrideReach, isOverrideWithinReach } from './override-reach.ts';
import { overrideRule } from './rules/override-rule.ts';
import { principalProblem, resourceProblem } from './rules/rule-patterns.ts';
import { createScopeView } from './rules/scopes.ts';

export type OverridesDeps = {
  readonly store: OverrideStore;
  /** Every key, ended ones included. */
  readonly keys: () => readonly KeyRecord[] | Promise<readonly KeyRecord[]>;
  /** Called after each change; what holds here follows it. */
  readonly changed: () => Promise<void>;
  readonly nowSeconds: () => number;
};

/** Short-lived rules, made and ended by people. Methods throw what the store throws, and GatewayErrors. */
export type Overrides = {
  /**
   * Makes one; it holds here when this resolves, and in other gateways within a second.
   *
   * @throws GatewayError `invalid_value` for a field that cannot be, `not_allowed` for one beyond the maker’s reach.
   */
  readonly create: (maker: Actor, wanted: NewOverride) => Promise<OverrideRecord>;
  /**
   * Ends one.
   *
   * @throws GatewayError `record_not_found` where there is none that holds, or none that the maker may know of,
   * `not_allowed` for one beyond the maker’s reach.
   */
  readonly revoke: (maker: Actor, id: string) => Promise<OverrideRecord>;
  /** Newest first; those that ended too, unless only active ones are asked for. */
  readonly list: (filter?: { readonly isActive: boolean }) => Promise<OverrideRecord[]>;
};

export function createOverrides(deps: OverridesDeps): Overrides {
  const { store, changed, nowSeconds } = deps;
  return {
    async create(maker, wanted) {
      checkOverride(wanted);
      checkOverrideReach(maker.principal, wanted);
      const record = newOverrideRecord(wanted, maker.id, nowSeconds());
      await store.insert(record);
      await changed();
      return record;
    },
    async revoke(maker, id) {
      const atSeconds = Math.floor(nowSeconds());
      const override = (await store.list({ activeAtSeconds: atSeconds })).find(
        (each) => each.id === id,
      );
      const { showsRule } = createScopeView(maker.principal);
      if (!override || !showsRule(overrideRule(override))) throw notFound();
      await checkEnding(deps, maker, override);
      if (!(await store.revoke(id, { revokedBy: maker.id, atSeconds }))) throw notFound();
      await changed();
      return { ...override, revokedAtSeconds: atSeconds, revokedBy: maker.id };
    },
    list: (filter) =>
      store.list(filter?.isActive ? { activeAtSeconds: Math.floor(nowSeconds()) } : {}),
  };
}

/** What an override may not say: the field and a sentence with the remedy; null where all is well. */
export function overrideProblem(
  wanted: Omit<NewOverride, 'ttlSeconds' | 'reason' | 'limits'>,
): { readonly param: string; readonly message: string } | null {
  const { principal, action, resource, effect, breakGlass } = wanted;
  const ofPrincipal = principalProblem(principal);
  if (ofPrincipal !== null) return { param: 'principal', message: ofPrincipal };
  const ofResource = resourceProblem(action, resource);
  if (ofResource !== null) return { param: 'resource', message: ofResource };
  if (!breakGlass || effect === 'allow') return null;
  const message = 'Only an allow breaks glass; a deny override is heard first as it is.';
  return { param: 'break_glass', message };
}

function checkOverride(wanted: NewOverride): void {
  const { ttlSeconds, reason } = wanted;
  const problem =
    overrideProblem(wanted) ?? limitsProblem(wanted) ?? lengthProblem(ttlSeconds, reason);
  if (problem) {
    throw new GatewayError('invalid_value', problem.message, { param: problem.param });
  }
}

function limitsProblem({ action, effect, limits = {} }: NewOverride) {
  const hasLimits = Object.keys(limits).length > 0;
  if (action !== 'raise_limits') {
    const message = 'Only an override of raise_limits has limits.';
    return hasLimits ? { param: 'limits', message } : null;
  }
  if (hasLimits && effect === 'allow') return null;
  const message =
    'An override of raise_limits allows, and says which limits, such as max_model_calls.';
  return { param: hasLimits ? 'effect' : 'limits', message };
}

function lengthProblem(ttlSeconds: number, reason: string) {
  const { overrideTtlSeconds: longest, reasonChars } = securityLimits;
  if (!Number.isInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > longest) {
    return { param: 'ttl_seconds', message: `An override lasts 1 to ${longest} seconds, a day.` };
  }
  if (reason.trim() !== '' && reason.length <= reasonChars) return null;
  return { param: 'reason', message: `Say why, in at most ${reasonChars} characters.` };
}

function newOverrideRecord(
  wanted: NewOverride,
  createdBy: string,
  nowSeconds: number,
): OverrideRecord {
  const { ttlSeconds, reason, principal, action, resource, effect, breakGlass } = wanted;
  const { limits = null } = wanted;
  // Rounded: an override of a second neither ends at once nor lasts two.
  const createdAtSeconds = Math.round(nowSeconds);
  return {
    id: `ovr_${randomBytes(9).toString('base64url')}`,
    principal,
    action,
    resource,
    effect,
    breakGlass,
    limits,
    // Of one line, or it could look like more than one in a list.
    reason: reason.trim().replace(/\s+/g, ' '),
    createdBy,
    createdAtSeconds,
    expiresAtSeconds: createdAtSeconds + ttlSeconds,
    revokedAtSeconds: null,
    revokedBy: null,
  };
}

// Who may make an override may also end it, but what an admin stopped no operator sets free.
async function checkEnding(
  { keys }: OverridesDeps,
  { id, principal }: Actor,
  override: OverrideRecord,
): Promise<void> {
  if (override.createdBy === id) return;
  const maker = (await keys()).find((key) => key.id === override.createdBy);
  const isOfOthers = maker && maker.role !== 'admin';
  if (principal.role !== 'admin' && !isOfOthers) {
    // What somebody may do whose token is not at hand is known by nobody.
    const message = isOfTokens(override.createdBy)
      ? `${override.createdBy} made this override. Ask them, or an admin, to end it.`
      : 'An admin made this override. Ask one to end it.';
    throw new GatewayError('not_allowed', message);
  }
  if (isOverrideWithinReach(principal, override)) return;
  throw new GatewayError('not_allowed', 'This override reaches further than your own key.');
}

function notFound(): GatewayError {
  return new GatewayError(
    'record_not_found',
    'No override with this id holds now. List the overrides to see which do.',
  );
}
