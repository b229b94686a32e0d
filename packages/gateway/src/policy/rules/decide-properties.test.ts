import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import type { Decision, KeyPrincipal, Question, Role, Rule } from '../../protocol/policy.ts';
import { decide, decideOnAgent, explain, toolVerdict } from './decide.ts';
import { compileGlobs, globCovers, matchesGlob } from './glob.ts';
import { compileRules } from './rule-set.ts';

const now = 1_000;

/** What a rule of a random world can say, and whether it fits; the oracle knows no patterns beyond these. */
const principals = [
  '*',
  'alice',
  'key_b',
  'role:caller',
  'role:operator',
  'agent:labs/x',
  'al*',
  'k*_b',
  'key_*',
  '*b',
] as const;
const resources = ['*', 'labs/*', 'labs/x', 'default/x', 'la*', 'd*x', '*/x'] as const;
const conditions = {
  'principal.role == "caller"': (question: Question) => keyOf(question)?.role === 'caller',
  'context.user == "u"': (question: Question) => question.context?.user === 'u',
  'context.metadata.team == "red"': () => 'fails',
} as const;

const role = fc.constantFrom<Role>('caller', 'operator', 'admin', 'metrics');

const key: fc.Arbitrary<KeyPrincipal> = fc.record({
  type: fc.constant('key'),
  id: fc.constantFrom('key_a', 'key_b'),
  name: fc.constantFrom('alice', 'bob'),
  role,
  namespaces: fc.constant(null),
  agents: fc.constant(null),
});

const question: fc.Arbitrary<Question> = fc.record({
  principal: fc.oneof(
    key,
    fc.record({ type: fc.constant('agent'), id: fc.constantFrom('labs/x', 'default/x'), key }),
  ),
  action: fc.constantFrom('run_agent', 'call_tool'),
  resource: fc.constantFrom('labs/x', 'labs/y', 'default/x'),
  context: fc.record({ user: fc.constantFrom('', 'u') }),
});

const rule: fc.Arbitrary<Rule> = fc
  .record({
    id: fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', 'c') }),
    effect: fc.constantFrom('allow', 'deny'),
    action: fc.constantFrom('run_agent', 'call_tool'),
    principals: fc.subarray([...principals], { minLength: 1, maxLength: 2 }),
    resources: fc.subarray([...resources], { minLength: 1, maxLength: 2 }),
    tier: fc.constantFrom(1, 2, 3, 4, 5, 6, 7),
    source: fc.constant<Rule['source']>('config'),
    expiresAtSeconds: fc.option(fc.constantFrom(now - 1, now, now + 1), { nil: undefined }),
    when: fc.option(fc.constantFrom(...Object.keys(conditions)), { nil: undefined, freq: 3 }),
  })
  .map(({ when, expiresAtSeconds, ...rest }) => ({
    ...rest,
    ...(when !== undefined && { when }),
    ...(expiresAtSeconds !== undefined && { expiresAtSeconds }),
  }));

const rules = fc.array(rule, { maxLength: 12 });
const plain = rule.map(({ when: _, ...rest }): Rule => rest);

function ask(of: readonly Rule[], asked: Question): Decision {
  return decide(compileRules(of), asked, now);
}

describe('any set of rules', () => {
  test('gives the answer that reading the tiers aloud gives: deny first, then what fails, then allow', () => {
    fc.assert(
      fc.property(rules, question, (of, asked) => {
        const { answer, rule: deciding } = ask(of, asked);
        expect({ answer, tier: deciding?.tier ?? 8 }).toEqual(readAloud(of, asked));
      }),
    );
  });

  test('gives the same answer by the same rule in any order', () => {
    const shuffled = rules.chain((of) =>
      fc.tuple(fc.constant(of), fc.shuffledSubarray(of, { minLength: of.length })),
    );
    fc.assert(
      fc.property(shuffled, question, ([one, other], asked) => {
        const [first, second] = [ask(one, asked), ask(other, asked)];
        expect([second.answer, second.rule?.id]).toEqual([first.answer, first.rule?.id]);
      }),
    );
  });

  test('never allows more when a deny is added, nor less when a plain allow is', () => {
    fc.assert(
      fc.property(rules, plain, question, (of, added, asked) => {
        const { answer } = ask(of, asked);
        const withDeny = ask([...of, { ...added, effect: 'deny' }], asked).answer;
        const withAllow = ask([...of, { ...added, effect: 'allow' }], asked).answer;
        if (answer === 'deny') expect(withDeny).toBe('deny');
        if (answer === 'allow') expect(withAllow).toBe('allow');
      }),
    );
  });

  test('lets a rule decide only in its tier: what a tier above says stays said', () => {
    fc.assert(
      fc.property(rules, plain, question, (of, added, asked) => {
        const before = ask(of, asked);
        const after = ask([...of, { ...added, tier: 7 }], asked);
        if (before.rule && before.rule.tier < 7) expect(after).toEqual(before);
      }),
    );
  });

  test('is heard as if rules that expired had never been, and expiry never comes back', () => {
    fc.assert(
      fc.property(rules, question, fc.nat(5), (of, asked, later) => {
        const compiled = compileRules(of);
        const at = now + later;
        const left = of.filter(({ expiresAtSeconds = at + 1 }) => at < expiresAtSeconds);
        expect(decide(compiled, asked, at)).toEqual(decide(compileRules(left), asked, at));
      }),
    );
  });

  test('is only ever narrowed by the scopes of a key', () => {
    const scopes = fc.record({
      namespaces: fc.option(fc.subarray(['labs', 'default', 'none'])),
      agents: fc.option(fc.subarray(['labs/*', '*/x', 'default/y'])),
    });
    fc.assert(
      fc.property(rules, key, question, scopes, (of, free, { principal: _, ...asked }, limits) => {
        const unlimited = ask(of, { ...asked, principal: free });
        const limited = ask(of, { ...asked, principal: { ...free, ...limits } });
        if (limited.rule?.id !== 'key-scopes') expect(limited).toEqual(unlimited);
        else expect(limited.answer).toBe('deny');
      }),
    );
  });

  test('is asked about running and listing an agent at once as one by one', () => {
    const ofAgents = fc.array(
      fc.tuple(rule, fc.constantFrom<Rule['action']>('run_agent', 'list_agents')),
      { maxLength: 12 },
    );
    const namespaces = fc.option(fc.subarray(['labs', 'default']));
    fc.assert(
      fc.property(ofAgents, key, question, namespaces, (of, free, asked, within) => {
        const set = compileRules(of.map(([each, action]) => ({ ...each, action })));
        const principal = { ...free, namespaces: within };
        const running: Question = { ...asked, principal, action: 'run_agent' };
        expect(decideOnAgent(set, running, now)).toEqual({
          running: decide(set, running, now),
          listing: decide(set, { ...running, action: 'list_agents' }, now),
        });
      }),
    );
  });

  test('is explained with the decision that it gives, and the rule that decides among those that fit', () => {
    fc.assert(
      fc.property(rules, question, (of, asked) => {
        const { decision, matched } = explain(compileRules(of), asked, now);
        expect(decision).toEqual(ask(of, asked));
        if (decision.rule?.tier === 0) return;
        const ids = matched.map(({ id, tier }) => `${tier} ${id}`);
        if (decision.rule) expect(ids).toContain(`${decision.rule.tier} ${decision.rule.id}`);
        else expect(ids).toEqual([]);
      }),
    );
  });

  test('gives a verdict on a tool that no arguments and no hour prove wrong', () => {
    const late = fc.constantFrom('args.n == 1', 'args.n > 1.0', 'context.hour < 12');
    const aboutTools = fc.array(
      fc.tuple(rule, fc.option(late)).map(([each, when]): Rule => {
        return { ...each, action: 'call_tool', ...(when !== null && { when }) };
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(aboutTools, question, fc.nat(3), fc.nat(23), (of, asked, n, hour) => {
        const compiled = compileRules(of.map(({ expiresAtSeconds: _, ...rest }) => rest));
        const call: Question = { ...asked, action: 'call_tool' };
        const verdict = toolVerdict(compiled, call, now);
        const { answer } = decide(compiled, { ...call, args: { n } }, hour * 3600);
        if (verdict !== 'ask') expect(answer).toBe(verdict);
      }),
    );
  });
});

describe('patterns', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 6 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), maxLength: 6 });

  test('fit the same texts prepared or not', () => {
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 3 }), text, (patterns, candidate) => {
        const expected = patterns.some((each) => matchesGlob(each, candidate));
        expect(compileGlobs(patterns)(candidate)).toBe(expected);
      }),
    );
  });

  test('are compared in no time, thousands of hostile ones as well', () => {
    const hostile = `*${'a'.repeat(190)}b*`;
    const fits = compileGlobs(Array.from({ length: 10_000 }, (_, index) => `${hostile}${index}`));
    expect(cpuMsOf(() => expect(fits('a'.repeat(500))).toBe(false))).toBeLessThan(1000);
  });

  test('cover only patterns whose every text they fit', () => {
    fc.assert(
      fc.property(pattern, pattern, fc.array(text, { maxLength: 4 }), (outer, inner, fillings) => {
        const parts = inner.split('*');
        const filled = parts
          .map((part, at) => (at === 0 ? '' : (fillings[at] ?? '')) + part)
          .join('');
        if (globCovers(outer, inner)) expect(matchesGlob(outer, filled)).toBe(true);
        expect(globCovers(inner, inner)).toBe(true);
        expect(globCovers('*', inner)).toBe(true);
      }),
    );
  });

  test.each([
    ['labs/*', 'labs/x', true],
    ['labs/*', 'labs/x*', true],
    ['labs/*', 'labs*', false],
    ['labs/*', '*', false],
    ['*/x', 'labs/x', true],
    ['a*c', 'ab*c', true],
    ['labs/x', 'labs/*', false],
  ])('%s covers %s: %s', (outer, inner, expected) => {
    expect(globCovers(outer, inner)).toBe(expected);
  });
});

/** The rule book read aloud, tier after tier, with patterns spelt out. */
function readAloud(
  of: readonly Rule[],
  asked: Question,
): { answer: 'allow' | 'deny'; tier: number } {
  if (keyOf(asked)?.role === 'metrics') return { answer: 'deny', tier: 0 };
  for (let tier = 1; tier <= 7; tier++) {
    const fitting = of
      .filter((each) => each.tier === tier && fits(each, asked))
      .map((each) => ({ ...each, state: stateOf(each, asked) }));
    const isDenied = fitting.some(
      ({ effect, state }) => state === 'fails' || (effect === 'deny' && state === true),
    );
    if (isDenied) return { answer: 'deny', tier };
    if (fitting.some(({ state }) => state === true)) return { answer: 'allow', tier };
  }
  return { answer: 'deny', tier: 8 };
}

function stateOf({ when }: Rule, asked: Question): boolean | 'fails' {
  if (when === undefined) return true;
  const state: boolean | string = conditions[when as keyof typeof conditions](asked);
  return typeof state === 'boolean' ? state : 'fails';
}

function fits(each: Rule, asked: Question): boolean {
  return (
    each.action === asked.action &&
    (each.expiresAtSeconds ?? now + 1) > now &&
    each.resources.some((what) => isSpelled(what, asked.resource)) &&
    each.principals.some((who) => isPrincipal(who, each.effect, asked))
  );
}

function isSpelled(pattern: string, text: string): boolean {
  const [beginning = '', end] = pattern.split('*');
  return end === undefined ? text === pattern : text.startsWith(beginning) && text.endsWith(end);
}

function isPrincipal(who: string, effect: Rule['effect'], asked: Question): boolean {
  const { id, name, role: own } = keyOf(asked) ?? { id: '', name: '', role: '' };
  switch (who) {
    case '*':
      return true;
    case 'agent:labs/x':
      return asked.principal.type === 'agent' && asked.principal.id === 'labs/x';
    case 'role:caller':
      return effect === 'deny' ? own === 'caller' : ['caller', 'operator', 'admin'].includes(own);
    case 'role:operator':
      return effect === 'deny' ? own === 'operator' : ['operator', 'admin'].includes(own);
    default:
      return isSpelled(who, id) || isSpelled(who, name);
  }
}

function keyOf({ principal }: Question): KeyPrincipal | undefined {
  return principal.type === 'key' ? principal : principal.key;
}
