import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../../test/support/cpu-time.ts';
import type { Principal, Question, Rule } from '../../protocol/policy.ts';
import { createConditions } from './conditions.ts';
import { decide, toolVerdict } from './decide.ts';
import { compileRules, RuleError } from './rule-set.ts';

/** 2026-11-22T12:00:00Z, a Sunday. */
const noon = 1_795_348_800;

const alice = {
  type: 'key',
  id: 'key_a1',
  name: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
} as const satisfies Principal;

const planner = { type: 'agent', id: 'labs/planner', key: alice } as const satisfies Principal;

function rule(changes: Partial<Rule>): Rule {
  return {
    id: 'r',
    effect: 'allow',
    action: 'call_tool',
    principals: ['*'],
    resources: ['*'],
    tier: 5,
    source: 'config',
    ...changes,
  };
}

function call(args?: unknown, context: Question['context'] = {}): Question {
  return { principal: planner, action: 'call_tool', resource: 'weather', args, context };
}

function holds(when: string, question: Question = call({})): boolean {
  const { answer, rule: deciding } = decide(compileRules([rule({ when })]), question, noon);
  expect(deciding?.reason).toBeUndefined();
  return answer === 'allow';
}

describe('a condition', () => {
  test.each([
    ['principal.type == "agent" && principal.id == "labs/planner"', true],
    ['principal.agent_id == "labs/planner" && principal.key_id == "key_a1"', true],
    ['principal.key_name == "alice" && principal.role == "caller"', true],
    ['resource == "weather"', true],
    ['context.hour == 12 && context.weekday == 0', true],
    ['context.now == 1795348800', true],
    ['timestamp(context.now) < timestamp("2026-12-01T00:00:00Z")', true],
    ['context.user == "" && context.provenance == "" && context.agent_id == "labs/planner"', true],
    ['"team" in context.metadata', false],
    ['context.hour < 6', false],
  ])('sees who asks for what, and when: %s is %s', (when, expected) => {
    expect(holds(when)).toBe(expected);
  });

  test.each([
    ['principal.type == "key" && principal.name == "alice" && principal.agent_id == ""', true],
    ['context.agent_id == "labs/planner"', true],
  ])('sees a key that runs an agent: %s is %s', (when, expected) => {
    const question: Question = { principal: alice, action: 'run_agent', resource: 'labs/planner' };
    const rules = compileRules([rule({ when, action: 'run_agent' })]);
    expect(decide(rules, question, noon).answer === 'allow').toBe(expected);
  });

  test.each([
    ['args.city == "Bonn"', { city: 'Bonn' }, true],
    ['args.city == "Bonn"', { city: 7 }, false],
    ['args.count > 5 && args.count * 2.0 == 12.0', { count: 6 }, true],
    ['args.tags[0] in ["a", "b"]', { tags: ['a'] }, true],
    ['has(args.city) && args.city.lowerAscii().startsWith("bo")', { city: 'BONN' }, true],
    ['has(args.city)', {}, false],
    ['args.path.contains("..")', { path: '/a/../b' }, true],
    ['size(args.list) > 1', { list: [1, 2] }, true],
    ['args == {"a": 1}', { a: 1 }, true],
  ])('sees the arguments of a tool call: %s of %j is %s', (when, args, expected) => {
    expect(holds(when, call(args))).toBe(expected);
  });

  test('sees what the request says of itself', () => {
    const context = { user: 'u1', metadata: { team: 'red' }, provenance: 'mcp' } as const;
    const when =
      'context.user == "u1" && context.metadata.team == "red" && context.provenance == "mcp"';
    expect(holds(when, call({}, context))).toBe(true);
  });

  test.each([
    ['context.metadata.team == "red"', call({}), '(no_such_key)'],
    ['args.city.startsWith("x")', call({ city: 7 }), '(no_matching_overload)'],
    ['args.city', call({ city: 'x' }), 'could not be answered.'],
    ['args.city == "x"', call(undefined), 'needs the arguments'],
    ['args.x == 1 / 0', call({ x: 1 }), '(division_by_zero)'],
    ['args.text == "x"', call({ text: 'x'.repeat(300_000) }), 'too large'],
    ['args.deep == 1', call({ deep: nested(100) }), 'too large'],
  ])('that cannot be answered denies, in an allow as in a deny: %s', (when, question, reason) => {
    for (const effect of ['allow', 'deny'] as const) {
      const failing = rule({ id: 'fails', effect, when });
      const plain = rule({ id: 'a-plain-one' });
      const { answer, rule: deciding } = decide(compileRules([plain, failing]), question, noon);
      expect({ answer, id: deciding?.id, tier: deciding?.tier }).toEqual({
        answer: 'deny',
        id: 'fails',
        tier: 5,
      });
      expect(deciding?.reason).toContain(reason);
    }
  });

  test('that holds is equal to none: the smallest id decides', () => {
    const rules = [rule({ id: 'b', when: 'true' }), rule({ id: 'a' }), rule({ id: 'c' })];
    expect(decide(compileRules(rules), call(), noon).rule?.id).toBe('a');
    const late = rules.map((each) => ({ ...each, id: each.id === 'a' ? 'z' : each.id }));
    expect(decide(compileRules(late), call(), noon).rule?.id).toBe('b');
  });

  test('that cannot be answered is not heard where a tier above decides', () => {
    const failing = rule({ id: 'fails', when: 'context.metadata.x == ""' });
    const above = rule({ id: 'above', tier: 4 });
    expect(decide(compileRules([failing, above]), call(), noon).rule).toEqual(above);
  });

  test('tells nothing of the arguments it failed over', () => {
    const failing = rule({ when: 'bool(args.flag)' });
    const { rule: deciding } = decide(compileRules([failing]), call({ flag: 'hunter2' }), noon);
    expect(deciding?.reason).toContain('bool_conversion_error');
    expect(JSON.stringify(deciding)).not.toContain('hunter2');
  });
});

describe('a condition is refused when it is made', () => {
  test.each([
    ['that ends too early', '1 +', 'at character 4: Unexpected token: EOF.'],
    ['that names what is not there', 'agnt.id == "x"', 'character 1: Unknown variable: agnt.'],
    ['that names a field that is not there', 'context.nope == "x"', 'No such key: nope.'],
    ['that compares text with a number', 'principal.role == 1', 'no such overload'],
    ['that is a number', 'context.hour', 'is of type int.'],
    ['that is a text', '"yes"', 'is of type string.'],
    ['with all()', 'args.l.all(x, x > 1)', 'all() cannot be used here'],
    ['with exists()', 'args.l.exists(x, x > 1)', 'exists() cannot be used here'],
    ['with exists_one()', 'args.l.exists_one(x, x > 1)', 'exists_one() cannot be used here'],
    ['with map()', 'args.l.map(x, x) == []', 'map() cannot be used here'],
    ['with filter()', 'args.l.filter(x, true) == []', 'filter() cannot be used here'],
    ['with bind()', 'cel.bind(a, args.s, a == "x")', 'bind() cannot be used here'],
    ['with a regular expression', 'args.s.matches("(a+)+$")', 'matches() cannot be used here'],
    ['with split()', 'args.s.split("") == []', 'split() cannot be used here'],
    ['with join()', 'args.l.join("") == ""', 'join() cannot be used here'],
    ['with duration()', 'duration("1h") == duration("1h")', 'duration() cannot be used here'],
    ['that searches for an argument', 'args.s.contains(args.t)', 'takes a text in quotes'],
    ['that searches for much', `args.s.contains("${'a'.repeat(101)}")`, 'of 100 characters'],
    ['that is long', `args.s == "${'a'.repeat(2_000)}"`, 'longer than 2000 characters'],
    ['that is deep', `${'('.repeat(60)}true${')'.repeat(60)}`, 'maxDepth'],
    ['with many parts', repeated('true', 120, ' && '), 'maxAstNodes'],
    ['with many calls', repeated('has(args.a)', 21, ' && '), 'may have 20 calls'],
    ['with many additions', `${repeated('args.s', 10, ' + ')} == ""`, 'may have 8 additions'],
  ])('%s', (_what, when, message) => {
    let thrown: unknown;
    try {
      compileRules([rule({ id: 'wrong', when })]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(RuleError);
    expect(thrown).toMatchObject({ ruleId: 'wrong', message: expect.stringContaining(message) });
  });

  test('where it names arguments and is about something that has none', () => {
    const wrong = rule({ action: 'run_agent', when: 'args.x == 1' });
    expect(() => compileRules([wrong])).toThrow('Only tool calls have `args`');
  });

  test('of the same text is compiled once, and refused where it does not belong all the same', () => {
    const conditions = createConditions();
    const when = 'args.city == "Bonn"';
    const condition = conditions.compile(when, 'call_tool');
    expect(conditions.compile(when, 'call_tool')).toBe(condition);
    expect(() => conditions.compile(when, 'run_agent')).toThrow('Only tool calls have `args`');
  });

  test('and one that is allowed is answered in bounded time, whatever the arguments', () => {
    const rules = compileRules([
      rule({ when: repeated(`args.s.contains("b${'a'.repeat(60)}")`, 20, ' || ') }),
    ]);
    const question = call({ s: 'a'.repeat(262_000) });
    expect(cpuMsOf(() => decide(rules, question, noon))).toBeLessThan(2_000);
  });

  test('and what is too large for it is told without a look at all of it', () => {
    const rules = compileRules([rule({ when: 'args.list == []' })]);
    const question = call({ list: new Array(15_000_000).fill(0) });
    let reason: string | null | undefined;
    const spentMs = cpuMsOf(() => {
      reason = decide(rules, question, noon).rule?.reason;
    });
    expect(reason).toContain('too large');
    expect(spentMs).toBeLessThan(2_000);
  });
});

describe('the verdict on a tool before it is called', () => {
  const verdict = (...rules: Partial<Rule>[]) =>
    toolVerdict(
      compileRules(rules.map((each, index) => rule({ id: `r${index}`, ...each }))),
      call(),
      noon,
    );
  const late = 'args.city == "Bonn"';

  test.each([
    ['deny', 'no rule fits', []],
    ['allow', 'a plain allow fits', [{}]],
    ['deny', 'a plain deny fits', [{}, { effect: 'deny', tier: 3 }]],
    ['ask', 'an allow names the arguments', [{ when: late }]],
    ['ask', 'a deny above names the arguments', [{}, { effect: 'deny', tier: 3, when: late }]],
    ['ask', 'an allow of the same tier names them and could fail', [{}, { when: late }]],
    [
      'ask',
      'a rule names the time, which goes on',
      [{}, { effect: 'deny', when: 'context.hour < 6' }],
    ],
    ['allow', 'a tier above decides', [{ tier: 4 }, { when: late }]],
    ['deny', 'a deny decides whatever the arguments are', [{ effect: 'deny' }, { when: late }]],
    ['deny', 'all that is open would deny too', [{ effect: 'deny', when: late }]],
    ['allow', 'a condition holds that needs neither', [{ when: 'principal.role == "caller"' }]],
  ] as const)('is %s where %s', (expected, _why, rules) => {
    expect(verdict(...rules)).toBe(expected);
  });

  test('is deny beyond the scopes of the key', () => {
    const key = { ...alice, namespaces: ['default'] };
    const question = { ...call(), principal: { ...planner, key } };
    expect(toolVerdict(compileRules([rule({ tier: 2 })]), question, noon)).toBe('deny');
  });
});

function repeated(part: string, times: number, between: string): string {
  return Array.from({ length: times }, () => part).join(between);
}

function nested(depth: number): unknown {
  return depth === 0 ? 1 : [nested(depth - 1)];
}
