import { describe, expect, test } from 'vitest';
import { keyPrincipal, mayRun } from '../../../test/support/policy-kit.ts';
import type { KeyPrincipal, Rule } from '../../protocol/policy.ts';
import { toEndUser } from '../users/end-user.ts';
import { decide } from './decide.ts';
import { principalProblem } from './rule-patterns.ts';
import { compileRules } from './rule-set.ts';

function rule(principals: readonly string[], changes: Partial<Rule> = {}): Rule {
  const about = { action: 'run_agent', resources: ['default/*'], tier: 5 } as const;
  return { id: 'r', effect: 'allow', principals, source: 'config', ...about, ...changes };
}

/** What a key that forwards its users is answered for one of them. */
function answerFor(id: string | null, rules: readonly Rule[], key: Partial<KeyPrincipal> = {}) {
  const user = id === null ? null : toEndUser(id, 'user');
  const principal = keyPrincipal('caller', { ...key, ...(user && { user }) });
  return decide(compileRules(rules), mayRun('default/echo', principal), 1000).answer;
}

describe('rules about users', () => {
  test('fit the user whom a key names, and neither another one nor nobody', () => {
    const rules = [rule(['user:ann@example.com'])];
    expect(answerFor('ann@example.com', rules)).toBe('allow');
    expect(answerFor('bob@example.com', rules)).toBe('deny');
    expect(answerFor(null, rules)).toBe('deny');
    expect(answerFor('ANN@example.com', rules)).toBe('deny');
  });

  test('may be about some or all users', () => {
    expect(answerFor('ann@example.com', [rule(['user:*@example.com'])])).toBe('allow');
    expect(answerFor('ann@other.com', [rule(['user:*@example.com'])])).toBe('deny');
    expect(answerFor('ann', [rule(['user:*'])])).toBe('allow');
    expect(answerFor(null, [rule(['user:*'])])).toBe('deny');
  });

  test.each([
    ['role:admin', ['role:admin']],
    ['alice', ['alice']],
    ['key_1', ['key_1']],
    ['agent:labs/planner', ['agent:*']],
    ['oidc:corp:ann', ['oidc:corp:ann']],
    ['*', ['user:a*', 'user:b']],
    ['user:ann', ['user:ann']],
    ['ann', ['ann', '*nn', 'an*']],
  ])('let nobody in who calls itself %s', (id, principals) => {
    expect(answerFor(id, [rule(principals)])).toBe('deny');
  });

  test('are one with those about the key: a deny of either holds', () => {
    const allow = rule(['*'], { id: 'a' });
    const deny = (of: string) => rule([of], { id: 'd', effect: 'deny', tier: 3 });
    expect(answerFor('ann', [allow, deny('user:ann')])).toBe('deny');
    expect(answerFor('ann', [allow, deny('caller')])).toBe('deny');
    expect(answerFor('bob', [allow, deny('user:ann')])).toBe('allow');
  });

  test('may ask for the user in conditions', () => {
    const when = 'principal.user != "" && principal.key_name == "ui"';
    const rules = [rule(['*'], { when })];
    expect(answerFor('ann', rules, { name: 'ui' })).toBe('allow');
    expect(answerFor('ann', rules)).toBe('deny');
    expect(answerFor(null, rules, { name: 'ui' })).toBe('deny');
  });

  test('have to be written as principals are', () => {
    expect(principalProblem('user:*')).toBeNull();
    expect(principalProblem('user:a%2A')).toBeNull();
    expect(principalProblem('user:ann lee')).toContain('Write user:ann%20lee.');
    expect(principalProblem('user:')).toContain('Write user:<id>');
  });
});
