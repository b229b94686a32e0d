import { ok } from 'node:assert/strict';
import fc from 'fast-check';
import { ConditionError, createConditions } from '../../src/policy/rules/conditions.ts';
import { decide, toolVerdict } from '../../src/policy/rules/decide.ts';
import { compileRules, RuleError } from '../../src/policy/rules/rule-set.ts';
import type { Question, Rule } from '../../src/protocol/policy.ts';
import type { Target } from './hostile-tests.ts';
import { type Json, jsonText, mutated, oddName, oddText, oddValue } from './odd-values.ts';

/** Texts of CEL, most of them right: built as a tree, some with parts that are no CEL at all. */
const expression = fc.letrec<{ whole: string; value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'cel' },
    fc.constantFrom(
      'args',
      'args.a',
      'args["a"]',
      'args.a.b[0]',
      'principal.role',
      'principal.id',
      'resource',
      'context.user',
      'context.metadata.team',
      'context.hour',
      'context.now',
      '1',
      '-9223372036854775808',
      '1.5',
      '"a"',
      'true',
      'null',
      '[]',
      '{}',
      'b"x"',
      '[1, "a", args]',
      '{"a": args.a, 1: 2}',
    ),
    oddName.map((name) => `args.${name}`),
    oddName.map((name) => `args[${JSON.stringify(name)}]`),
    oddName.map((name) => `context.metadata[${JSON.stringify(name)}]`),
    fc
      .tuple(
        tie('value'),
        fc.constantFrom(' + ', ' - ', ' * ', ' / ', ' % ', '.', ' ? '),
        tie('value'),
      )
      .map((all) => all.join('')),
    fc
      .tuple(
        fc.constantFrom(
          'size',
          'int',
          'double',
          'string',
          'bool',
          'type',
          'timestamp',
          'has',
          'uint',
          'bytes',
          'duration',
          'dyn',
        ),
        tie('value'),
      )
      .map(([name, of]) => `${name}(${of})`),
    fc
      .tuple(
        tie('value'),
        fc.constantFrom(
          '.lowerAscii()',
          '.trim()',
          '[0]',
          '["a"]',
          '.a',
          '.matches("(a+)+$")',
          '.all(x, x > 1)',
          '.map(x, x)',
          '.contains("a")',
          '.startsWith(args.a)',
          '.split("")',
          '.join()',
          '.getHours()',
        ),
      )
      .map((all) => all.join('')),
  ),
  whole: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'cel' },
    fc
      .tuple(tie('value'), fc.constantFrom(' == ', ' != ', ' < ', ' >= ', ' in '), tie('value'))
      .map((all) => all.join('')),
    tie('value'),
    fc
      .tuple(tie('whole'), fc.constantFrom(' && ', ' || '), tie('whole'))
      .map((all) => all.join('')),
    tie('whole').map((of) => `!(${of})`),
    fc
      .tuple(tie('whole'), tie('whole'), tie('whole'))
      .map(([a, b, c]) => `(${a}) ? (${b}) : (${c})`),
  ),
})).whole;

const written = fc.oneof(
  { weight: 8, arbitrary: expression },
  { weight: 1, arbitrary: oddText },
  { weight: 1, arbitrary: fc.tuple(expression, oddText, expression).map((all) => all.join('')) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom(
          '(',
          '!',
          '-',
          '[',
          '{"a":',
          'args.a + ',
          'a.',
          'true || ',
          'size(',
          '"\\',
          '1 ? ',
        ),
        fc.constantFrom(3, 30, 300, 3000),
      )
      .map(([part, times]) => `${part.repeat(times)}true`),
  },
);

const args = fc.oneof(
  mutated(fc.constant<Json>({ a: 'x'.repeat(30), b: [1, { c: null }], n: 1.5, team: 'red' })),
  oddValue,
);

const role = fc.constantFrom('caller', 'operator', 'admin') as fc.Arbitrary<'caller'>;
const principal = fc.record({
  type: fc.constant('key' as const),
  id: fc.constantFrom('key_1', 'key_2'),
  name: oddText,
  role,
  namespaces: fc.constant(null),
  agents: fc.constant(null),
});

const asked: fc.Arbitrary<Question> = fc.record({
  principal,
  action: fc.constant('call_tool' as const),
  resource: fc.oneof(fc.constantFrom('add', 'sub'), oddText),
  context: fc.record({ user: oddText, metadata: fc.dictionary(oddName, oddText, { maxKeys: 2 }) }),
  args: args.map((value): unknown => JSON.parse(jsonText(value))),
});

const rule = (tier: number, effect: 'allow' | 'deny', when?: string): Rule => ({
  id: `${effect}-${tier}`,
  effect,
  action: 'call_tool',
  principals: ['*'],
  resources: ['*'],
  tier: tier as Rule['tier'],
  source: 'config',
  ...(when === undefined ? {} : { when }),
});

export const conditionTargets: readonly Target[] = [
  {
    title:
      'any condition is refused in words, or answers any question: nothing is allowed by what fails',
    runs: [100, 60_000],
    property: fc.property(written, asked, (when, question) => {
      const { user } = process.cpuUsage();
      let rules: ReturnType<typeof compileRules>;
      try {
        createConditions().compile(when, 'call_tool');
        rules = compileRules([rule(5, 'allow', when), rule(6, 'deny')]);
      } catch (error) {
        ok(error instanceof ConditionError || error instanceof RuleError, String(error));
        ok(error.message.endsWith('.') && error.message.length < 2000, error.message);
        return;
      } finally {
        ok(process.cpuUsage().user - user < 3_000_000, 'to compile');
      }
      const { answer, rule: deciding } = decide(rules, question, 1000);
      ok(process.cpuUsage().user - user < 3_000_000, 'to answer');
      // It allows only where the condition itself is true.
      const isTrue = holds(when, question);
      ok(answer === (isTrue === true ? 'allow' : 'deny'), `${answer}, though it is ${isTrue}`);
      if (isTrue === 'fails') ok(deciding?.id === 'allow-5' && deciding.effect === 'deny');
      const verdict = toolVerdict(rules, { ...question, args: undefined } as never, 1000);
      ok(verdict !== 'allow' || answer === 'allow');
    }),
  },
  {
    title: 'a deny whose condition fails denies',
    runs: [50, 20_000],
    property: fc.property(expression, asked, (when, question) => {
      let rules: ReturnType<typeof compileRules>;
      try {
        rules = compileRules([rule(3, 'deny', when), rule(5, 'allow')]);
      } catch {
        return;
      }
      const isTrue = holds(when, question);
      ok(decide(rules, question, 1000).answer === (isTrue === false ? 'allow' : 'deny'));
    }),
  },
];

/** What a condition says by itself. */
function holds(when: string, question: Question): boolean | 'fails' {
  const { answer, rule: by } = decide(compileRules([rule(1, 'allow', when)]), question, 1000);
  if (answer === 'allow') return true;
  return by === null ? false : 'fails';
}
