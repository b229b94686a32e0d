import { describe, expect, test } from 'vitest';
import { administration } from '../../http/routes.ts';
import type { KeyHolder, Rule } from '../../protocol/policy.ts';
import { principalOf } from '../authorize.ts';
import { decide } from './decide.ts';
import { principalProblem } from './rule-patterns.ts';
import { compileRules } from './rule-set.ts';

/** Who has a token that calls its holder by the name of a key. */
const token: KeyHolder = {
  keyId: 'oidc:corp:alice',
  keyName: 'bob',
  role: 'caller',
  namespaces: null,
  agents: null,
  token: { issuer: 'corp', expiresAtSeconds: 2000 },
};

const { token: _, ...bob }: KeyHolder = { ...token, keyId: 'key_b1' };

/** Whether a rule about some principals fits a caller, who runs an agent itself or through one. */
function fits(principals: readonly string[], caller: KeyHolder, when?: string): boolean {
  const rule: Rule = {
    id: 'only',
    effect: 'allow',
    action: 'call_tool',
    principals,
    resources: ['*'],
    tier: 5,
    source: 'config',
    ...(when === undefined ? {} : { when }),
  };
  const rules = compileRules([rule], administration);
  const agent = { type: 'agent', id: 'labs/planner', key: principalOf(caller) } as const;
  const answers = [principalOf(caller), agent].map((principal) => {
    const question = { principal, action: 'call_tool', resource: 'search' } as const;
    return decide(rules, question, 1000).answer === 'allow';
  });
  expect(new Set(answers).size).toBe(1);
  return answers[0] === true;
}

describe('a rule about principals', () => {
  test.each(['oidc:corp:alice', 'oidc:corp:*', 'oidc:*', 'oidc:c*:al*', '*', 'role:caller'])(
    '%s speaks of a caller with a token',
    (pattern) => {
      expect(fits([pattern], token)).toBe(true);
    },
  );

  test.each([
    'bob',
    '*bob',
    'alice',
    '*alice',
    'o*',
    '*:alice',
    'key_*',
    'oidc:corp:bob',
    'oidc:corp:Alice',
  ])('%s does not: it is about keys, or somebody else', (pattern) => {
    expect(fits([pattern], token)).toBe(false);
  });

  test.each(['oidc:*', 'oidc:corp:*', 'oidc:corp:bob'])('%s speaks of no key', (pattern) => {
    expect(fits([pattern], bob)).toBe(false);
    expect(fits(['bob'], bob)).toBe(true);
  });

  test('tells a condition the principal of a token, and not what it calls itself', () => {
    expect(fits(['*'], token, 'principal.key_name == "bob" || principal.name == "bob"')).toBe(
      false,
    );
    expect(fits(['*'], token, 'principal.key_id == "oidc:corp:alice"')).toBe(true);
  });
});

describe('a pattern for tokens', () => {
  test.each(['oidc:*', 'oidc:corp:*', 'oidc:corp:auth0%7C7', 'oidc:*:a@b.c', 'oidc:corp:~RD1xdWk'])(
    '%s can fit one',
    (pattern) => {
      expect(principalProblem(pattern)).toBeNull();
    },
  );

  test.each([
    [
      'oidc:corp:auth0|7*',
      '"oidc:corp:auth0|7*" fits no subject as principals have it. Write oidc:corp:auth0%7C7*.',
    ],
    [
      'oidc:corp:a b',
      '"oidc:corp:a b" fits no subject as principals have it. Write oidc:corp:a%20b.',
    ],
    [
      'oidc:corp',
      '"oidc:corp" names no caller with a token. Write oidc:<name of the issuer>:<subject>, or oidc:<name of the issuer>:* for all of its callers.',
    ],
    [
      'oidc:https://a:b',
      '"oidc:https://a:b" fits no subject as principals have it. Write oidc:https:%2F%2Fa%3Ab.',
    ],
    [
      'oidc:',
      '"oidc:" names no caller with a token. Write oidc:<name of the issuer>:<subject>, or oidc:<name of the issuer>:* for all of its callers.',
    ],
  ])('%s fits none, and is told so', (pattern, problem) => {
    expect(principalProblem(pattern)).toBe(problem);
  });
});
