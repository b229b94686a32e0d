import { describe, expect, test } from 'vitest';
import type { DecisionRecord } from '../../protocol/policy.ts';
import { createReadDecisions } from '../review/read-decisions.ts';
import { globsOverlap } from './glob.ts';
import { createScopeView, type SeenRule } from './scopes.ts';

describe('two patterns', () => {
  test.each([
    ['labs/*', 'labs/planner', true],
    ['labs/*', 'default/*', false],
    ['labs/*', '*/planner', true],
    ['*', '', true],
    ['', 'a', false],
    ['a*b', '*', true],
    ['a*b', 'ac', false],
    ['a*b', 'a*c*b', true],
    ['labs/p*r', 'labs/pla*', true],
    ['labs/', 'labs/**', true],
  ])('%j and %j share a text: %j', (one, other, expected) => {
    expect(globsOverlap(one, other)).toBe(expected);
    expect(globsOverlap(other, one)).toBe(expected);
  });

  test('are compared in bounded time, however many stars they have', () => {
    expect(globsOverlap('*a'.repeat(100), `${'*b'.repeat(100)}c`)).toBe(false);
  });
});

const rule = (over: Partial<SeenRule>): SeenRule => ({
  action: 'run_agent',
  principals: ['*'],
  resources: ['*'],
  source: 'config',
  ...over,
});

describe('a view', () => {
  const labs = createScopeView({ namespaces: ['labs'], agents: null });

  test.each<[string, Partial<SeenRule>, boolean]>([
    ['about its agents', { resources: ['labs/planner'] }, true],
    ['about all agents', {}, true],
    ['about other agents', { resources: ['default/*', 'other/x'] }, false],
    ['about tools for all', { action: 'call_tool', resources: ['weather'] }, true],
    ['about tools for a key', { action: 'call_tool', principals: ['alice'] }, true],
    ['about tools of its agents', { action: 'call_tool', principals: ['agent:lab*'] }, true],
    ['about tools of others', { action: 'call_tool', principals: ['agent:default/*'] }, false],
    ['about its modules', { action: 'load_module', principals: ['agent:labs/*'] }, true],
    ['about other modules', { action: 'load_module', principals: ['agent:x/*'] }, false],
    ['about administration', { action: 'administer' }, false],
    ['that everybody knows', { action: 'administer', source: 'built_in' }, true],
  ])('of one namespace: a rule %s', (_title, over, expected) => {
    expect(labs.showsRule(rule(over))).toBe(expected);
  });

  test('needs namespaces and agents to fit where both are given', () => {
    const both = createScopeView({ namespaces: ['labs', 'default'], agents: ['labs/p*'] });
    expect(both.showsRule(rule({ resources: ['labs/planner'] }))).toBe(true);
    expect(both.showsRule(rule({ resources: ['default/planner'] }))).toBe(false);
  });

  test('of a key without scopes is whole', () => {
    const all = createScopeView({ namespaces: null, agents: null });
    expect(all.isWhole).toBe(true);
    expect(all.showsRule(rule({ action: 'administer' }))).toBe(true);
    expect(all.showsDecision(decision(1, { action: 'administer', agentId: null }))).toBe(true);
  });
});

describe('the decision log', () => {
  const records = Array.from({ length: 1201 }, (_, index) =>
    decision(index, { agentId: index % 400 === 0 ? 'labs/planner' : 'default/echo' }),
  ).toReversed();
  const read = createReadDecisions(async ({ after, limit }) => {
    const rest = records.filter(({ id }) => after === undefined || id < after);
    const decisions = rest.slice(0, limit);
    return { decisions, next: rest.length > limit ? (decisions.at(-1)?.id ?? null) : null };
  });
  const labs = { namespaces: ['labs'], agents: null };
  const ids = (page: { decisions: readonly DecisionRecord[] }) =>
    page.decisions.map(({ id }) => id);

  test('shows those of the agents within the scopes, over all pages', async () => {
    const first = await read(labs, { limit: 3 });
    expect([ids(first), first.next]).toEqual([['dec_1200', 'dec_0800', 'dec_0400'], 'dec_0400']);
    const second = await read(labs, { limit: 3, after: 'dec_0400' });
    expect([ids(second), second.next]).toEqual([['dec_0000'], null]);
  });

  test('is read as it is by a key without scopes', async () => {
    const page = await read({ namespaces: null, agents: null }, { limit: 2 });
    expect([ids(page), page.next]).toEqual([['dec_1200', 'dec_1199'], 'dec_1199']);
  });

  test('takes what was run or listed for the agent, where none is noted', () => {
    const view = createScopeView(labs);
    const asked = { agentId: null, resource: 'labs/planner' };
    expect(view.showsDecision(decision(1, { ...asked, action: 'run_agent' }))).toBe(true);
    expect(view.showsDecision(decision(1, { ...asked, action: 'call_tool' }))).toBe(false);
    expect(view.showsDecision(decision(1, { agentId: null, action: 'administer' }))).toBe(false);
  });

  test('gives up a page whose search gets long, and tells where to go on', async () => {
    const endless = createReadDecisions(async ({ after = 'dec_9999', limit }) => ({
      decisions: [decision(1, { agentId: 'default/echo' })],
      next: `dec_${String(Number(after.slice(4)) - limit).padStart(4, '0')}`,
    }));
    expect(await endless(labs, { limit: 10 })).toEqual({ decisions: [], next: 'dec_4999' });
  });
});

function decision(index: number, over: Partial<DecisionRecord>): DecisionRecord {
  return {
    id: `dec_${String(index).padStart(4, '0')}`,
    time: '2026-01-01T00:00:00.000Z',
    requestId: null,
    keyId: 'key_1',
    user: null,
    role: 'caller',
    action: 'call_tool',
    effect: 'allow',
    resource: 'weather',
    agentId: null,
    modulePath: null,
    tool: null,
    ruleId: null,
    tier: 8,
    source: null,
    reason: null,
    ...over,
  };
}
