import { describe, expect, test } from 'vitest';
import { checkKeyReach, isWithinReach, type Reach } from './key-reach.ts';

const limits = {
  requestsPerMinute: 60,
  concurrentRuns: 4,
  tokensPerDay: 1000,
  tokensPerMonth: null,
  usdPerDay: null,
  usdPerMonth: null,
};
const maker: Reach = {
  role: 'admin',
  namespaces: ['labs', 'ops'],
  agents: ['labs/*', 'ops/report-*'],
  limits,
  runLimits: { maxModelCalls: 10 },
  expiresAtSeconds: 2_000_000,
};

describe('a key', () => {
  test('may make one like itself, and narrower ones', () => {
    for (const wanted of [
      maker,
      { ...maker, role: 'caller' as const },
      { ...maker, role: 'metrics' as const },
      { ...maker, namespaces: ['ops'], agents: ['ops/report-daily'] },
      { ...maker, agents: ['labs/a*', 'labs/*-b'] },
      { ...maker, limits: { ...limits, tokensPerDay: 1, tokensPerMonth: 5 } },
      { ...maker, runLimits: { maxModelCalls: 9, maxTokens: 5 } },
      { ...maker, expiresAtSeconds: 1_999_999 },
    ]) {
      expect(() => checkKeyReach(maker, wanted)).not.toThrow();
    }
  });

  test.each<[string, Partial<Reach>]>([
    ['namespaces', { namespaces: null }],
    ['namespaces', { namespaces: ['labs', 'default'] }],
    ['agents', { agents: null }],
    ['agents', { agents: ['*'] }],
    ['agents', { agents: ['ops/*'] }],
    ['agents', { agents: ['labs/*', 'ops/report'] }],
    ['limits', { limits: { ...limits, requestsPerMinute: 61 } }],
    ['limits', { limits: { ...limits, requestsPerMinute: null } }],
    ['limits', { limits: { ...limits, concurrentRuns: null } }],
    ['limits', { limits: { ...limits, tokensPerDay: 1001 } }],
    ['run_limits', { runLimits: null }],
    ['run_limits', { runLimits: { maxModelCalls: 11 } }],
    ['expires_at', { expiresAtSeconds: 2_000_001 }],
    ['expires_at', { expiresAtSeconds: null }],
  ])('may make none whose %s reach further: %j', (param, changes) => {
    const wider = expect.objectContaining({ code: 'not_allowed', param });
    expect(() => checkKeyReach(maker, { ...maker, ...changes })).toThrow(wider);
  });

  test.each([
    ['operator', 'admin'],
    ['caller', 'operator'],
    ['caller', 'metrics'],
    ['metrics', 'caller'],
  ] as const)('of the role %s may make no %s', (role, wanted) => {
    const higher = expect.objectContaining({ code: 'not_allowed', param: 'role' });
    expect(() => checkKeyReach({ ...maker, role }, { ...maker, role: wanted })).toThrow(higher);
  });

  test('without scopes reaches every key; one with scopes none that has not the same or less', () => {
    const all = { ...maker, namespaces: null, agents: null };
    expect(isWithinReach(all, maker)).toBe(true);
    expect(isWithinReach(all, all)).toBe(true);
    expect(isWithinReach(maker, all)).toBe(false);
    expect(isWithinReach(maker, { ...maker, namespaces: ['labs'] })).toBe(true);
    expect(isWithinReach({ ...maker, role: 'operator' }, maker)).toBe(false);
  });
});
