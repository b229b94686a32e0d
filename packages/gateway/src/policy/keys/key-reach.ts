import { GatewayError } from '../../errors.ts';
import type { KeyLimits, KeyRecord, Role } from '../../protocol/policy.ts';
import { type RunLimits, runLimitNames } from '../../protocol/usage/run-limits.ts';
import { globCovers } from '../rules/glob.ts';

/** What a key can do at most. */
export type Reach = Pick<KeyRecord, 'role' | 'namespaces' | 'agents' | 'expiresAtSeconds'> & {
  /** With the defaults for what the key leaves open. */
  readonly limits: KeyLimits;
  readonly runLimits: RunLimits | null;
};

type Scopes = Pick<Reach, 'role' | 'namespaces' | 'agents'>;

/**
 * Holds what a key may make against what it is itself.
 *
 * @throws GatewayError `not_allowed` where one reaches further than the other, with the field that does.
 */
export function checkKeyReach(maker: Reach, wanted: Reach): void {
  const field = widerScope(maker, wanted) ?? widerLimit(maker, wanted);
  if (field === null) return;
  throw new GatewayError('not_allowed', `${remedies[field]} No key makes one wider than itself.`, {
    param: field,
  });
}

/** Whether a key's role and scopes lie within those of another, so that the other may manage it. */
export function isWithinReach(manager: Scopes, key: Scopes): boolean {
  return widerScope(manager, key) === null;
}

type Field = keyof typeof remedies;

const remedies = {
  role: 'Choose a role that is not above your own.',
  namespaces: 'Choose among your own namespaces.',
  agents: 'Choose patterns within those of your own key.',
  limits: 'Set limits that are not above your own.',
  run_limits: 'Set limits of runs that are not above your own.',
  expires_at: 'Set an expiry that is not after your own.',
} as const;

/** What each role can make: those below it, and a scraper for whoever may administer. */
const makes: Readonly<Record<Role, readonly Role[]>> = {
  admin: ['admin', 'operator', 'caller', 'metrics'],
  operator: ['operator', 'caller'],
  caller: ['caller'],
  metrics: ['metrics'],
};

function widerScope(maker: Scopes, wanted: Scopes): Field | null {
  if (!makes[maker.role].includes(wanted.role)) return 'role';
  if (!within(maker.namespaces, wanted.namespaces, (own, other) => own === other)) {
    return 'namespaces';
  }
  return within(maker.agents, wanted.agents, globCovers) ? null : 'agents';
}

/** Null is without limit: only the same lies within it the other way round. */
function within(
  own: readonly string[] | null,
  wanted: readonly string[] | null,
  covers: (own: string, wanted: string) => boolean,
): boolean {
  if (own === null) return true;
  return wanted?.every((entry) => own.some((outer) => covers(outer, entry))) ?? false;
}

function widerLimit(maker: Reach, wanted: Reach): Field | null {
  const names = Object.keys(maker.limits) as (keyof KeyLimits)[];
  if (names.some((name) => isAbove(wanted.limits[name], maker.limits[name]))) return 'limits';
  if (runLimitNamesOf.some((name) => isWider(wanted.runLimits, maker.runLimits, name))) {
    return 'run_limits';
  }
  return isAbove(wanted.expiresAtSeconds, maker.expiresAtSeconds) ? 'expires_at' : null;
}

function isAbove(wanted: number | null, own: number | null): boolean {
  return own !== null && (wanted === null || wanted > own);
}

const runLimitNamesOf = Object.keys(runLimitNames) as (keyof RunLimits)[];

/** 0 is without limit, as nothing is. */
function isWider(wanted: RunLimits | null, own: RunLimits | null, name: keyof RunLimits): boolean {
  return isAbove(wanted?.[name] || null, own?.[name] || null);
}
