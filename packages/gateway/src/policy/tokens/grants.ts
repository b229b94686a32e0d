import { GatewayError } from '../../errors.ts';
import {
  cumulativeRoles,
  type KeyLimits,
  keyLimits,
  limitNames,
  type Role,
} from '../../protocol/policy.ts';
import { claimValues } from './claim-values.ts';
import type { Given, GrantSettings } from './issuer-settings.ts';

/** What a token gives its holder. */
export type Grants = {
  readonly role: Role;
  readonly namespaces: readonly string[] | null;
  readonly agents: readonly string[] | null;
  /** Null is as `security.limits` says. */
  readonly limits: KeyLimits;
};

/**
 * What claims give by the settings of their issuer. Scopes that no value gives reach nothing.
 *
 * @throws GatewayError `not_allowed` where they give no role, or nothing of a limit that claims decide.
 */
export function grantsOf(claims: unknown, settings: GrantSettings): Grants {
  const valuesOf = <Value>(given: Given<Value>) => givenValues(claims, given);
  const scope = (given: Given<readonly string[]> | null) =>
    given && [...new Set(valuesOf(given).flat())];
  const role = highestRole(valuesOf(settings.role));
  if (role === null) throw givesNone('role', settings.role);
  return {
    role,
    namespaces: scope(settings.namespaces),
    agents: scope(settings.agents),
    limits: keyLimits((name) => {
      const given = settings.limits[name];
      if (given === undefined) return null;
      const values = valuesOf(given);
      if (values.length === 0) throw givesNone(limitNames[name], given);
      return Math.max(...values);
    }),
  };
}

/** What is least of all that tokens of an issuer can be given: what holds for a caller of whom nothing is known any more. */
export function tightestLimits({ limits }: GrantSettings): KeyLimits {
  return keyLimits((name) => {
    const given = limits[name];
    if (given === undefined) return null;
    if (given.type === 'fixed') return given.value;
    return Math.min(
      ...Object.values(given.map),
      ...(given.otherwise === undefined ? [] : [given.otherwise]),
    );
  });
}

function givenValues<Value>(claims: unknown, given: Given<Value>): readonly Value[] {
  if (given.type === 'fixed') return [given.value];
  const { claim, map, otherwise } = given;
  const found = claimValues(claims, claim).flatMap((value) => {
    const mapped = Object.hasOwn(map, value) ? map[value] : undefined;
    return mapped === undefined ? [] : [mapped];
  });
  return found.length > 0 || otherwise === undefined ? found : [otherwise];
}

function highestRole(given: readonly Role[]): Role | null {
  return cumulativeRoles.findLast((role) => given.includes(role)) ?? given[0] ?? null;
}

function givesNone(what: string, given: Given<unknown>): GatewayError {
  const claim = given.type === 'claim' ? given.claim : '';
  return new GatewayError(
    'not_allowed',
    `The token is good, and its claims give it no ${what} here. Whoever looks after this gateway can map a value of its claim to one.`,
    { adminDetail: { claim } },
  );
}
