import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import { administration } from '../../http/routes.ts';
import type { Action, Principal, Question, Role, Rule } from '../../protocol/policy.ts';
import { builtInRules } from './built-in.ts';
import { decide as decideBy, explain } from './decide.ts';
import { compileRules } from './rule-set.ts';

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

function decide(rules: readonly Rule[], question: Question, nowSeconds: number) {
  return decideBy(compileRules(rules, administration), question, nowSeconds);
}

function ask(principal: Principal, action: Action, resource: string): Question {
  return { principal, action, resource };
}

const wantsApproval = { effect: 'deny', requiresApproval: true, action: 'call_tool' } as const;

describe('approval by a person', () => {
  const pays = { ...ask(planner, 'call_tool', 'pay'), args: { amount: 5 } };
  const approval = rule({ id: 'ask', ...wantsApproval });
  const answer = (...rules: Rule[]) => decide(rules, pays, now).answer;

  test('is heard between deny and allow of a tier, and over lower ones', () => {
    const allow = rule({ id: 'a', action: 'call_tool' });
    const deny = rule({ id: 'z', action: 'call_tool', effect: 'deny' });
    expect(answer(allow, approval)).toBe('require_approval');
    expect(answer(allow, approval, deny)).toBe('deny');
    expect(answer(approval, { ...allow, tier: 6 })).toBe('require_approval');
    expect(answer(approval, { ...allow, tier: 4 })).toBe('allow');
    expect(answer(approval, { ...deny, tier: 6 })).toBe('require_approval');
  });

  test('is asked for by arguments, and denied where they cannot be looked at', () => {
    const large = { ...approval, when: 'args.amount > 100' };
    expect(answer(large, ...builtInRules())).toBe('allow');
    expect(answer({ ...large, when: 'args.amount > 1' })).toBe('require_approval');
    expect(answer({ ...large, when: 'args.missing > 1' })).toBe('deny');
  });

  test('is given by the one who asked and by operators in their reach, unless rules say otherwise', () => {
    const asked = ask(alice, 'answer_approvals', 'labs/planner');
    const by = (question: Question, ...rules: Rule[]) =>
      decide([...builtInRules(), ...rules], question, now).answer;
    const operator = { ...alice, role: 'operator' } as const;
    expect(by(asked)).toBe('deny');
    expect(by({ ...asked, isOwn: true })).toBe('allow');
    expect(by({ ...asked, principal: operator })).toBe('allow');
    expect(by({ ...asked, principal: { ...operator, agents: ['default/*'] } })).toBe('deny');
    expect(by({ ...asked, principal: { ...operator, role: 'metrics' } })).toBe('deny');
    const fourEyes = rule({ action: 'answer_approvals', effect: 'deny', resources: ['Labs/*'] });
    expect(by({ ...asked, isOwn: true }, { ...fourEyes, tier: 3 })).toBe('deny');
    expect(by(asked, rule({ action: 'answer_approvals', principals: ['alice'] }))).toBe('allow');
  });
});

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

  test('lets the smallest id decide among equal rules, whatever their order', () => {
    const rules = [rule({ id: 'b' }), rule({ id: 'a' }), rule({ id: 'c' })];
    expect(decide(rules, aliceRuns, now).rule?.id).toBe('a');
    expect(decide(rules.toReversed(), aliceRuns, now).rule?.id).toBe('a');
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
    ['agent:Labs/Planner', true],
    ['a*', false],
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
    ['Labs/Planner', true],
    ['', false],
  ])('takes resource pattern %j for labs/planner: %s', (pattern, fits) => {
    const decision = decide([rule({ resources: [pattern] })], aliceRuns, now);
    expect(decision.answer === 'allow').toBe(fits);
  });

  test.each([
    ['agent:labs/*', true],
    ['key_a1', true],
    ['alice', true],
    ['role:caller', true],
    ['agent:default/*', false],
    ['bob', false],
    ['role:operator', false],
  ])(
    'takes principal pattern %s for agent labs/planner that runs for alice: %s',
    (pattern, fits) => {
      const question = ask({ ...planner, key: alice }, 'call_tool', 'weather');
      const decision = decide(
        [rule({ action: 'call_tool', principals: [pattern] })],
        question,
        now,
      );
      expect(decision.answer === 'allow').toBe(fits);
    },
  );

  test('takes another name of the resource as well as its own', () => {
    const pinned = rule({ action: 'load_module', resources: ['sha256:abc'] });
    const question = ask(planner, 'load_module', 'src/agents/labs/Planner/agent.ts');
    expect(decide([pinned], question, now).answer).toBe('deny');
    const known = { ...question, aliases: ['sha256:abc'] };
    expect(decide([pinned], known, now).answer).toBe('allow');
    const spared = rule({
      ...pinned,
      effect: 'deny',
      resources: ['*'],
      exceptResources: ['sha256:abc'],
    });
    expect(decide([spared], question, now).rule?.id).toBe('r');
    expect(decide([spared], known, now).rule).toBeNull();
  });

  test('answers a hostile pattern at once', () => {
    const question = ask(alice, 'run_agent', `${'a'.repeat(20_000)}b`);
    const hostile = rule({ resources: [`${'a*'.repeat(200)}c`] });
    const spentMs = cpuMsOf(() => expect(decide([hostile], question, now).answer).toBe('deny'));
    expect(spentMs).toBeLessThan(1_000);
  });

  test('gives what a role may do to the roles above it, and denies a role only itself', () => {
    const answers = (effect: 'allow' | 'deny', named: string) =>
      (['caller', 'operator', 'admin', 'metrics'] as const).filter((role) => {
        const question = ask({ ...alice, role }, 'run_agent', 'labs/planner');
        const rules = [rule({ effect, principals: [`role:${named}`] })];
        return decide(rules, question, now).rule?.tier === 5;
      });
    expect(answers('allow', 'caller')).toEqual(['caller', 'operator', 'admin']);
    expect(answers('allow', 'operator')).toEqual(['operator', 'admin']);
    expect(answers('allow', 'root')).toEqual([]);
    expect(answers('deny', 'caller')).toEqual(['caller']);
    expect(answers('deny', 'admin')).toEqual(['admin']);
  });
});

test('a key for metrics reads metrics, and nothing else by any rule', () => {
  const all = (['run_agent', 'list_agents', 'call_tool', 'administer'] as const).map((action) =>
    rule({ action, tier: 2, principals: ['*', 'role:metrics'] }),
  );
  const metrics = { ...alice, role: 'metrics' } as const;
  const answers = [
    ask(metrics, 'run_agent', 'labs/planner'),
    ask(metrics, 'list_agents', 'labs/planner'),
    ask({ ...planner, key: metrics } as Principal, 'call_tool', 'weather'),
    ask(metrics, 'administer', '/admin/agents'),
    ask(metrics, 'administer', '/metrics'),
  ].map((question) => decide(all, question, now).rule?.id);
  expect(answers).toEqual(['key-role', 'key-role', 'key-role', 'key-role', 'r']);
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

  test.each([
    ['/admin/agents', 'allow'],
    ['/admin/runs', 'allow'],
    ['/security/rules', 'allow'],
    ['/security/keys/:id/rotate', 'allow'],
    ['/security/refresh', 'deny'],
    ['/agents/refresh', 'deny'],
    ['/admin/agents/errors', 'deny'],
    ['/admin/usage', 'allow'],
    ['/admin/upstreams', 'deny'],
    ['/admin/anything-new', 'deny'],
    ['/metrics', 'deny'],
  ])(
    'leave %s, which is told by scopes, and close what is about all agents: %s',
    (route, answer) => {
      const rules = [rule({ action: 'administer', tier: 2, source: 'override' })];
      for (const scopes of [{ namespaces: ['labs'] }, { agents: ['*'] }]) {
        const admin = { ...alice, role: 'admin' as const, ...scopes };
        expect(decide(rules, ask(admin, 'administer', route), now).answer).toBe(answer);
        expect(
          decide(rules, ask({ ...alice, role: 'admin' }, 'administer', route), now).answer,
        ).toBe('allow');
      }
    },
  );

  test('grant nothing by themselves', () => {
    const question = ask({ ...alice, namespaces: ['labs'], agents: ['*'] }, 'run_agent', 'labs/x');
    expect(decide([], question, now).answer).toBe('deny');
  });
});

describe('an agent', () => {
  const runs = rule({ id: 'runs' });

  test('is listed for whoever may run it, by the rule that lets it run', () => {
    expect(decide([runs], ask(alice, 'list_agents', 'labs/planner'), now)).toEqual({
      answer: 'allow',
      rule: runs,
    });
    const stops = rule({ id: 'stops', effect: 'deny', tier: 1, source: 'override' });
    const stopped = decide([runs, stops], ask(alice, 'list_agents', 'labs/planner'), now);
    expect(stopped).toEqual({ answer: 'deny', rule: stops });
  });

  test('is listed or hidden by a rule that says so', () => {
    const shows = rule({ id: 'shows', action: 'list_agents' });
    const stops = rule({ id: 'stops', effect: 'deny', tier: 1 });
    const question = ask(alice, 'list_agents', 'labs/planner');
    expect(decide([shows, stops], question, now)).toEqual({ answer: 'allow', rule: shows });
    expect(decide([shows, stops], aliceRuns, now).answer).toBe('deny');
    const hides = rule({ id: 'hides', action: 'list_agents', effect: 'deny', tier: 3 });
    expect(decide([runs, hides], question, now)).toEqual({ answer: 'deny', rule: hides });
  });

  test('is not listed by a default about listing alone', () => {
    const shows = rule({ action: 'list_agents', tier: 6 });
    expect(decide([shows], ask(alice, 'list_agents', 'labs/planner'), now).answer).toBe('deny');
  });

  test('calls tools within the scopes of the key it runs for only', () => {
    const all = rule({ action: 'call_tool', tier: 2 });
    const question = (namespaces: string[]) =>
      ask({ ...planner, key: { ...alice, namespaces } }, 'call_tool', 'weather');
    expect(decide([all], question(['labs']), now).answer).toBe('allow');
    expect(decide([all], question(['default']), now).rule?.id).toBe('key-scopes');
  });
});

describe('an explanation', () => {
  test('gives the decision of `decide` and every rule that fits, in the order they are heard', () => {
    const rules = [
      rule({ id: 'default', tier: 7 }),
      rule({ id: 'stop', effect: 'deny', tier: 3 }),
      rule({ id: 'other', resources: ['default/*'] }),
      rule({ id: 'allow' }),
      rule({ id: 'over', expiresAtSeconds: now }),
    ];
    const { decision, matched } = explain(compileRules(rules), aliceRuns, now);
    expect(decision).toEqual(decide(rules, aliceRuns, now));
    expect(matched.map(({ id }) => id)).toEqual(['stop', 'allow', 'default']);
  });

  test('names the scopes first where they decide', () => {
    const question = ask({ ...alice, namespaces: ['x'] }, 'run_agent', 'labs/planner');
    const { decision, matched } = explain(compileRules([rule({})]), question, now);
    expect(decision.rule?.id).toBe('key-scopes');
    expect(matched.map(({ id }) => id)).toEqual(['key-scopes', 'r']);
  });
});

describe('the built-in rules', () => {
  const answer = (role: Role, action: Action, resource: string) =>
    decide(builtInRules(administration), ask({ ...alice, role }, action, resource), now).answer;

  test.each([
    ['caller', 'run_agent', 'default/a', 'allow'],
    ['caller', 'list_agents', 'default/a', 'allow'],
    ['caller', 'call_tool', 'weather', 'deny'],
    ['caller', 'administer', '/admin/agents', 'deny'],
    ['operator', 'run_agent', 'default/a', 'allow'],
    ['operator', 'administer', '/admin/agents', 'deny'],
    ['operator', 'administer', '/security/override', 'allow'],
    ['operator', 'administer', '/security/overrides/ovr_1', 'allow'],
    ['operator', 'administer', '/security/decisions', 'allow'],
    ['operator', 'administer', '/security/keys', 'deny'],
    ['operator', 'administer', '/security/refresh', 'deny'],
    ['caller', 'administer', '/security/override', 'deny'],
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
      decide(builtInRules(administration), ask(planner, action, 'anything'), now).answer;
    expect(agentAnswer('call_tool')).toBe('allow');
    expect(agentAnswer('load_module')).toBe('allow');
    expect(agentAnswer('run_agent')).toBe('deny');
    expect(agentAnswer('administer')).toBe('deny');
  });
});
