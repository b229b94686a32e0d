import { describe, expect, test } from 'vitest';
import type { Action, Decision, Principal, Question, Role, Rule } from '../protocol/policy.ts';
import { decide } from './decide.ts';
import { builtInRules } from './rules.ts';

const now = 1_000;

const alice = {
  type: 'key',
  id: 'key_a1',
  name: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
} as const satisfies Principal;

const planner: Principal = { type: 'agent', id: 'labs/planner' };

function rule(changes: Partial<Rule>): Rule {
  return {
    id: 'r',
    effect: 'allow',
    action: 'run_agent',
    principals: ['*'],
    resources: ['*'],
    tier: 5,
    source: 'config',
    ...changes,
  };
}

function ask(principal: Principal, action: Action, resource: string): Question {
  return { principal, action, resource };
}

const aliceRuns = ask(alice, 'run_agent', 'labs/planner');

describe('decide', () => {
  test('denies where no rule fits', () => {
    expect(decide([], aliceRuns, now)).toEqual({ answer: 'deny', rule: null });
    const other = rule({ action: 'list_agents' });
    expect(decide([other], aliceRuns, now)).toEqual({ answer: 'deny', rule: null });
  });

  test.each([
    ['an override deny', { effect: 'deny', tier: 1 }, 'over a break-glass allow', { tier: 2 }],
    [
      'a break-glass allow',
      { tier: 2 },
      'over a deny of the settings',
      { effect: 'deny', tier: 3 },
    ],
    ['a deny of the settings', { effect: 'deny', tier: 3 }, 'over an override allow', { tier: 4 }],
    [
      'an override allow',
      { tier: 4 },
      'over a default of its namespace',
      { effect: 'deny', tier: 6 },
    ],
    [
      'an allow of the settings',
      { tier: 5 },
      'over a default of its namespace',
      { effect: 'deny', tier: 6 },
    ],
    [
      'a default of its namespace',
      { effect: 'deny', tier: 6 },
      'over the built-in ones',
      { tier: 7 },
    ],
    ['a deny', { effect: 'deny', tier: 6 }, 'over an allow of the same tier', { tier: 6 }],
  ] as const)('hears %s %s', (_winner, winning, _over, losing) => {
    const winner = rule({ id: 'winner', ...winning });
    const loser = rule({ id: 'loser', ...losing });
    for (const rules of [
      [winner, loser],
      [loser, winner],
    ]) {
      expect(decide(rules, aliceRuns, now)).toEqual({ answer: winner.effect, rule: winner });
    }
  });

  test('lets the first of several equal rules decide', () => {
    const rules = [rule({ id: 'first' }), rule({ id: 'second' })];
    expect(decide(rules, aliceRuns, now).rule?.id).toBe('first');
  });

  test('hears a rule until the second it expires, and not in it', () => {
    const short = rule({ expiresAtSeconds: 1_001 });
    expect(decide([short], aliceRuns, 1_000.999).answer).toBe('allow');
    expect(decide([short], aliceRuns, 1_001).answer).toBe('deny');
  });

  test.each([
    ['*', true],
    ['key_a1', true],
    ['key_*', true],
    ['alice', true],
    ['al*e', true],
    ['role:caller', true],
    ['bob', false],
    ['key_a', false],
    ['agent:*', false],
    ['agent:alice', false],
    ['role:*', false],
    ['ALICE', false],
  ])('takes principal pattern %s for the key of alice: %s', (pattern, fits) => {
    const decision = decide([rule({ principals: [pattern] })], aliceRuns, now);
    expect(decision.answer === 'allow').toBe(fits);
  });

  test.each([
    ['*', true],
    ['agent:*', true],
    ['agent:labs/*', true],
    ['agent:labs/planner', true],
    ['labs/planner', false],
    ['agent:default/*', false],
    ['role:caller', false],
  ])('takes principal pattern %s for agent labs/planner: %s', (pattern, fits) => {
    const question = ask(planner, 'call_tool', 'weather');
    const decision = decide([rule({ action: 'call_tool', principals: [pattern] })], question, now);
    expect(decision.answer === 'allow').toBe(fits);
  });

  test.each([
    ['labs/planner', true],
    ['labs/*', true],
    ['*/planner', true],
    ['*lab*plan*', true],
    ['labs', false],
    ['labs/', false],
    ['abs/planner', false],
    ['labs/planner2', false],
    ['labs?planner', false],
    ['', false],
  ])('takes resource pattern %j for labs/planner: %s', (pattern, fits) => {
    const decision = decide([rule({ resources: [pattern] })], aliceRuns, now);
    expect(decision.answer === 'allow').toBe(fits);
  });

  test('answers a hostile pattern at once', () => {
    const question = ask(alice, 'run_agent', `${'a'.repeat(20_000)}b`);
    const hostile = rule({ resources: [`${'a*'.repeat(200)}c`] });
    const beganMs = performance.now();
    expect(decide([hostile], question, now).answer).toBe('deny');
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });

  test('gives what a role may do to the roles above it, and denies a role only itself', () => {
    const answers = (effect: 'allow' | 'deny', named: string) =>
      (['caller', 'operator', 'admin', 'metrics'] as const).filter((role) => {
        const question = ask({ ...alice, role }, 'run_agent', 'labs/planner');
        const rules = [rule({ effect, principals: [`role:${named}`] })];
        return decide(rules, question, now).rule !== null;
      });
    expect(answers('allow', 'caller')).toEqual(['caller', 'operator', 'admin']);
    expect(answers('allow', 'operator')).toEqual(['operator', 'admin']);
    expect(answers('allow', 'metrics')).toEqual(['metrics']);
    expect(answers('allow', 'root')).toEqual([]);
    expect(answers('deny', 'caller')).toEqual(['caller']);
    expect(answers('deny', 'admin')).toEqual(['admin']);
  });
});

describe('the scopes of a key', () => {
  const everything = [
    rule({ tier: 2, source: 'override' }),
    rule({ tier: 2, action: 'list_agents' }),
  ];

  test.each([
    [{ namespaces: ['labs'] }, 'labs/planner', 'allow'],
    [{ namespaces: ['lab'] }, 'labs/planner', 'deny'],
    [{ namespaces: [] }, 'labs/planner', 'deny'],
    [{ agents: ['labs/*'] }, 'labs/planner', 'allow'],
    [{ agents: ['default/*'] }, 'labs/planner', 'deny'],
    [{ agents: [] }, 'labs/planner', 'deny'],
    [{ namespaces: ['labs'], agents: ['*/other'] }, 'labs/planner', 'deny'],
    [{ namespaces: ['default'], agents: ['labs/*'] }, 'labs/planner', 'deny'],
  ] as const)('%j against %s: %s, whatever the rules allow', (scopes, resource, answer) => {
    for (const action of ['run_agent', 'list_agents'] as const) {
      const decision = decide(everything, ask({ ...alice, ...scopes }, action, resource), now);
      expect(decision.answer).toBe(answer);
    }
  });

  test('name themselves as the reason', () => {
    const question = ask({ ...alice, namespaces: ['default'] }, 'run_agent', 'labs/planner');
    expect(decide(everything, question, now).rule).toMatchObject({
      id: 'key-scopes',
      effect: 'deny',
      principals: ['key_a1'],
      reason: 'The key is limited to other namespaces or agents.',
    });
  });

  test('grant nothing by themselves', () => {
    const question = ask({ ...alice, namespaces: ['labs'], agents: ['*'] }, 'run_agent', 'labs/x');
    expect(decide([], question, now).answer).toBe('deny');
  });
});

describe('the built-in rules', () => {
  const answer = (role: Role, action: Action, resource: string) =>
    decide(builtInRules, ask({ ...alice, role }, action, resource), now).answer;

  test.each([
    ['caller', 'run_agent', 'default/a', 'allow'],
    ['caller', 'list_agents', 'default/a', 'allow'],
    ['caller', 'call_tool', 'weather', 'deny'],
    ['caller', 'administer', '/admin/agents', 'deny'],
    ['operator', 'run_agent', 'default/a', 'allow'],
    ['operator', 'administer', '/admin/agents', 'deny'],
    ['admin', 'run_agent', 'default/a', 'allow'],
    ['admin', 'administer', '/admin/agents', 'allow'],
    ['admin', 'administer', '/metrics', 'allow'],
    ['metrics', 'administer', '/metrics', 'allow'],
    ['metrics', 'administer', '/admin/metrics', 'deny'],
    ['metrics', 'administer', '/admin/agents', 'deny'],
    ['metrics', 'run_agent', 'default/a', 'deny'],
    ['metrics', 'list_agents', 'default/a', 'deny'],
  ] as const)('answer a %s who would %s %s: %s', (role, action, resource, expected) => {
    expect(answer(role, action, resource)).toBe(expected);
  });

  test('let an agent call tools and its module load, and nothing else', () => {
    const agentAnswer = (action: Action) =>
      decide(builtInRules, ask(planner, action, 'anything'), now).answer;
    expect(agentAnswer('call_tool')).toBe('allow');
    expect(agentAnswer('load_module')).toBe('allow');
    expect(agentAnswer('run_agent')).toBe('deny');
    expect(agentAnswer('administer')).toBe('deny');
  });
});

describe('any set of rules', () => {
  const worlds = Array.from({ length: 400 }, (_, seed) => randomWorld(seed + 1));

  test('gives the answer that reading the tiers one by one gives', () => {
    for (const { rules, question } of worlds) {
      const { answer, rule: deciding } = decide(rules, question, now);
      expect({ answer, tier: deciding?.tier ?? null }).toEqual(byTiers(rules, question));
    }
  });

  test('gives the same answer in any order', () => {
    for (const { rules, question } of worlds) {
      const shuffled = rules.toReversed();
      expect(decide(shuffled, question, now).answer).toBe(decide(rules, question, now).answer);
    }
  });

  test('never allows more when a deny is added, nor less when an allow is', () => {
    for (const { rules, question, added } of worlds) {
      const before = decide(rules, question, now).answer;
      const withDeny = decide([...rules, { ...added, effect: 'deny' }], question, now).answer;
      const withAllow = decide([...rules, { ...added, effect: 'allow' }], question, now).answer;
      if (before === 'deny') expect(withDeny).toBe('deny');
      if (before === 'allow') expect(withAllow).toBe('allow');
    }
  });

  test('changes nothing by rules that have expired', () => {
    for (const { rules, question, added } of worlds) {
      const expired = { ...added, tier: 1, expiresAtSeconds: now };
      expect(decide([expired, ...rules], question, now)).toEqual(decide(rules, question, now));
    }
  });

  test('never allows what lies outside the scopes of a key', () => {
    for (const { rules, question } of worlds) {
      if (question.principal.type !== 'key') continue;
      const scoped = { ...question, principal: { ...question.principal, namespaces: ['none'] } };
      expect(decide(rules, scoped, now).answer).toBe('deny');
    }
  });
});

/** The rule book read aloud: tier after tier, deny first. Knows only the patterns that `randomWorld` makes. */
function byTiers(
  rules: readonly Rule[],
  question: Question,
): { answer: Decision['answer']; tier: number | null } {
  const { principal, action, resource } = question;
  const fits = ({ principals: [who], resources: [what], ...each }: Rule) =>
    each.action === action &&
    (each.expiresAtSeconds ?? now + 1) > now &&
    (what === '*' || what === resource) &&
    (who === '*' || who === principal.id || who === `agent:${principal.id}`);
  for (let tier = 1; tier <= 8; tier++) {
    const heard = rules.filter((each) => each.tier === tier && fits(each));
    if (heard.some(({ effect }) => effect === 'deny')) return { answer: 'deny', tier };
    if (heard.length > 0) return { answer: 'allow', tier };
  }
  return { answer: 'deny', tier: null };
}

function randomWorld(seed: number): { rules: Rule[]; question: Question; added: Rule } {
  let state = seed;
  const pick = <Item>(items: readonly Item[]): Item => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return items[Math.floor((state / 2_147_483_648) * items.length)] as Item;
  };
  const randomRule = (): Rule =>
    rule({
      effect: pick(['allow', 'deny']),
      action: pick(['run_agent', 'list_agents']),
      principals: [pick(['*', 'key_a1', 'key_b2', 'agent:labs/planner'])],
      resources: [pick(['*', 'labs/planner', 'default/a'])],
      tier: pick([1, 2, 3, 4, 5, 6, 7]),
      ...(pick([true, false]) ? { expiresAtSeconds: pick([now - 1, now, now + 1]) } : {}),
    });
  return {
    rules: Array.from({ length: pick([0, 1, 3, 8]) }, randomRule),
    question: ask(
      pick([alice, { ...alice, id: 'key_b2', name: 'bob' }, planner]),
      pick(['run_agent', 'list_agents']),
      pick(['labs/planner', 'default/a']),
    ),
    added: randomRule(),
  };
}
