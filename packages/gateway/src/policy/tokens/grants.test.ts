import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import { noLimits } from '../limits/key-limits.ts';
import { assumedHolder, returningHolder } from './assumed-holder.ts';
import { claimValues } from './claim-values.ts';
import { grantsOf, tightestLimits } from './grants.ts';
import { authSchema, toIssuers } from './jwt-schema.ts';

/** What claims give by an entry of the settings. */
function given(settings: object, claims: object) {
  try {
    const { limits, ...reach } = grantsOf(claims, grantSettings(settings));
    return { ...reach, perDay: limits.tokensPerDay };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

function grantSettings(settings: object) {
  const entry = { issuer: 'https://a.example', audience: 'x', jwks_file: 'x', ...settings };
  const [issuer] = toIssuers(authSchema.parse({ jwt: [entry] }), '/');
  if (!issuer) throw new Error('There is one.');
  return issuer.grants;
}

const everything = { role: 'caller', namespaces: null, agents: null, perDay: null };

describe('what a token gives', () => {
  test('is a caller of everything where settings say nothing, as of a key', () => {
    expect(given({}, { role: 'admin', groups: ['admin'], namespaces: [] })).toEqual(everything);
  });

  test('is fixed where settings give one value', () => {
    const settings = {
      role: 'operator',
      namespaces: ['labs'],
      agents: ['labs/*'],
      limits: { tokens_per_day: 10 },
    };
    expect(given(settings, {})).toEqual({
      role: 'operator',
      namespaces: ['labs'],
      agents: ['labs/*'],
      perDay: 10,
    });
  });

  const byGroups = {
    role: { claim: 'groups', map: { staff: 'caller', admins: 'admin', scrape: 'metrics' } },
    namespaces: { claim: 'groups', map: { staff: ['default'], research: ['labs', 'default'] } },
    agents: { claim: 'groups', map: { staff: ['*'] } },
    limits: { tokens_per_day: { claim: 'plan', map: { free: 10, pro: 1000 }, default: 5 } },
  };

  test.each([
    [{ groups: ['staff'] }, { role: 'caller', namespaces: ['default'], agents: ['*'], perDay: 5 }],
    [
      { groups: ['research', 'staff'], plan: ['free', 'pro'] },
      { role: 'caller', namespaces: ['labs', 'default'], agents: ['*'], perDay: 1000 },
    ],
    [
      { groups: ['staff', 'admins', 'scrape'], plan: 'free' },
      { role: 'admin', namespaces: ['default'], agents: ['*'], perDay: 10 },
    ],
    [{ groups: 'scrape' }, { role: 'metrics', namespaces: [], agents: [], perDay: 5 }],
  ])('%j is the highest role, all scopes together and the highest limit', (claims, grants) => {
    expect(given(byGroups, claims)).toEqual(grants);
  });

  test.each([
    {},
    { groups: [] },
    { groups: ['Staff'] },
    { groups: ['constructor', '__proto__', 'toString'] },
    { groups: { staff: true } },
    { groups: [['staff']] },
    { groups: null },
  ])('%j gives no role, so it opens nothing', (claims) => {
    expect(given(byGroups, claims)).toBe(
      'not_allowed: The token is good, and its claims give it no role here. Whoever looks after this gateway can map a value of its claim to one.',
    );
  });

  test('is refused where a claim decides a limit and gives none: it is not without limit', () => {
    const limits = { tokens_per_day: { claim: 'plan', map: { pro: 1000 } } };
    expect(given({ limits }, { plan: 'free' })).toMatch(/gives? it no tokens_per_day/);
    expect(given({ limits }, {})).toBe(
      'not_allowed: The token is good, and its claims give it no tokens_per_day here. Whoever looks after this gateway can map a value of its claim to one.',
    );
    expect(given({ limits }, { plan: 'pro' })).toMatchObject({ perDay: 1000 });
  });

  test('is at least what the lowest value of each limit gives', () => {
    expect(tightestLimits(grantSettings(byGroups))).toMatchObject({
      tokensPerDay: 5,
      requestsPerMinute: null,
    });
  });
});

describe('a principal whose token is not at hand', () => {
  const assumed = (settings: object, principal: string) => {
    const entry = { name: 'corp', issuer: 'https://a.example', audience: 'x', jwks_file: 'x' };
    const raw = authSchema.parse({ jwt: [{ ...entry, ...settings }] });
    return assumedHolder(principal, toIssuers(raw, '/'));
  };

  test('is what the settings give to all callers of its issuer', () => {
    expect(assumed({ namespaces: ['labs'] }, 'oidc:corp:alice')).toEqual({
      type: 'key',
      id: 'oidc:corp:alice',
      name: 'oidc:corp:alice',
      role: 'caller',
      namespaces: ['labs'],
      agents: null,
    });
  });

  test.each([
    [{}, 'oidc:other:alice'],
    [{}, 'oidc:corp:'],
    [{}, 'key_1'],
    [{ role: { claim: 'a', map: { b: 'admin' }, default: 'caller' } }, 'oidc:corp:alice'],
    [{ agents: { claim: 'a', map: { b: ['labs/*'] } } }, 'oidc:corp:alice'],
  ])('is nobody where %j decides about %s', (settings, principal) => {
    expect(assumed(settings, principal)).toBeNull();
  });
});

describe('a claim', () => {
  test.each([
    ['groups', { groups: ['a', 1, true, null, {}, ['b']] }, ['a', '1', 'true']],
    ['realm_access.roles', { realm_access: { roles: ['a'] } }, ['a']],
    ['https://x.example/roles', { 'https://x.example/roles': 'a b' }, ['a b']],
    ['a.b', { 'a.b': 'whole', a: { b: 'inner' } }, ['whole']],
    ['scope', { scope: 'openid run' }, ['openid', 'run']],
    ['constructor.name', {}, []],
    ['x.y', { x: 'text' }, []],
  ])('%s of %j', (name, claims, values) => {
    expect(claimValues(claims, name)).toEqual(values);
  });

  test('of a million values is looked at as far as a thousand', () => {
    expect(claimValues({ groups: Array(1_000_000).fill('a') }, 'groups')).toHaveLength(1000);
  });
});

describe('for whom a run goes on whose caller had a token', () => {
  const alice = 'oidc:corp:alice';
  const back = (role: unknown, { nowSeconds = 50, issuer = 'corp' } = {}) => {
    const entry = {
      name: 'corp',
      issuer: 'https://a.example',
      audience: 'x',
      jwks_file: 'x',
      role,
    };
    const issuers = toIssuers(authSchema.parse({ jwt: [entry] }), '/');
    const token = { issuer, expiresAtSeconds: 100 };
    const seen = {
      ...everything,
      role: 'operator',
      keyId: alice,
      keyName: 'Alice',
      token,
    } as const;
    const find = () => ({ holder: seen, limits: noLimits });
    return returningHolder(alice, { find, issuers, nowSeconds })?.role ?? null;
  };
  const byClaim = { claim: 'groups', map: { staff: 'operator' } };

  test('is whom the token names while it is good, and the issuer is there', () => {
    expect(back(byClaim)).toBe('operator');
    expect(back(byClaim, { issuer: 'gone' })).toBeNull();
  });

  test('is afterwards one of whom the issuer says the same of all, or nobody', () => {
    expect(back('caller', { nowSeconds: 100 })).toBe('caller');
    expect(back(byClaim, { nowSeconds: 100 })).toBeNull();
  });
});
