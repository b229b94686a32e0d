import { expect, test } from 'vitest';
import { holdRunLimits, limitsModelCalls } from './run-limits.ts';

test('holds the tightest limit, and says whose it is', () => {
  const held = holdRunLimits([
    ['agent', { maxModelCalls: 20, maxTokens: 1000 }],
    ['namespace', { maxModelCalls: 5 }],
    ['key', null],
  ]);
  expect(held).toEqual({
    maxModelCalls: { most: 5, of: 'namespace' },
    maxTokens: { most: 1000, of: 'agent' },
    maxCostUsd: null,
    maxToolCalls: null,
    maxRepeatedToolCalls: { most: 8, of: 'default' },
  });
  expect([limitsModelCalls(held), limitsModelCalls(holdRunLimits([]))]).toEqual([true, false]);
});

test('takes 0 like calls in a row for no limit, but where somebody else sets one', () => {
  const off = holdRunLimits([['agent', { maxRepeatedToolCalls: 0 }]]);
  expect(off.maxRepeatedToolCalls).toBeNull();
  const both = holdRunLimits([
    ['agent', { maxRepeatedToolCalls: 0 }],
    ['key', { maxRepeatedToolCalls: 30 }],
  ]);
  expect(both.maxRepeatedToolCalls).toEqual({ most: 30, of: 'key' });
});

test('raises what is tighter, sets nothing that was not limited, and lowers nothing', () => {
  const given = [['key', { maxModelCalls: 5, maxTokens: 1000 }]] as const;
  const raised = { maxModelCalls: 50, maxTokens: 10, maxToolCalls: 3, maxRepeatedToolCalls: 0 };
  expect(holdRunLimits(given, raised)).toEqual({
    maxModelCalls: { most: 50, of: 'override' },
    maxTokens: { most: 1000, of: 'key' },
    maxCostUsd: null,
    maxToolCalls: null,
    maxRepeatedToolCalls: null,
  });
});
