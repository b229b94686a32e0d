/**
 * Measures one decision of policy, by number and kind of rules. Prints Markdown. `node bench/decide.ts`; `CALLS` sets
 * how many decisions each row is made of.
 */

import { builtInRules } from '../packages/gateway/src/policy/rules/built-in.ts';
import { decide } from '../packages/gateway/src/policy/rules/decide.ts';
import { compileRules, type RuleSet } from '../packages/gateway/src/policy/rules/rule-set.ts';
import type { Question, Rule } from '../packages/gateway/src/protocol/policy.ts';

const calls = Number(process.env.CALLS ?? 200_000);
const nowSeconds = 1_795_348_800;

const shapes: readonly {
  readonly name: string;
  readonly make: (index: number) => Partial<Rule>;
}[] = [
  {
    name: 'each about one key and one agent',
    make: (index) => ({ principals: [`key_${index}`], resources: [`team${index % 50}/agent`] }),
  },
  {
    name: 'each about one key and one namespace',
    make: (index) => ({ principals: [`key_${index}`], resources: [`team${index % 50}/*`] }),
  },
  {
    name: 'each about one key and any agent',
    make: (index) => ({ principals: [`key_${index}`] }),
  },
  {
    name: 'each with a pattern for keys and one for agents',
    make: (index) => ({ principals: [`key_${index}*`], resources: [`*${index % 50}/agent`] }),
  },
  {
    name: 'each with patterns that begin with `*`, for keys and for agents',
    make: (index) => ({ principals: [`*_${index}`], resources: [`*${index % 50}/agent`] }),
  },
  {
    name: 'all fit, with a `when` each that does not hold',
    make: () => ({ principals: ['*'], when: 'context.hour < 6 && principal.role == "operator"' }),
  },
  {
    name: 'each about one namespace, with a `when`',
    make: (index) => ({
      resources: [`team${index % 50}/*`],
      when: 'context.hour < 6 && principal.role == "operator"',
    }),
  },
];

process.stdout.write('| rules | of what kind | p50 µs | p99 µs |\n| --- | --- | --- | --- |\n');
for (const { name, make } of shapes) {
  for (const count of [10, 100, 1000]) {
    const rules = compileRules([
      ...Array.from({ length: count }, (_, at) => rule(at, make(at))),
      ...builtInRules(),
    ]);
    measure(rules, calls / 4);
    const micros = measure(rules, calls);
    process.stdout.write(`| ${count} | ${name} | ${at(micros, 0.5)} | ${at(micros, 0.99)} |\n`);
  }
}

function rule(index: number, changes: Partial<Rule>): Rule {
  return {
    id: `rule-${index}`,
    effect: index % 2 === 0 ? 'allow' : 'deny',
    action: 'run_agent',
    principals: ['*'],
    resources: ['*'],
    tier: index % 2 === 0 ? 5 : 3,
    source: 'config',
    ...changes,
  };
}

function measure(rules: RuleSet, count: number): Float64Array {
  const micros = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const question = questionAt(index);
    const beganMs = performance.now();
    decide(rules, question, nowSeconds);
    micros[index] = (performance.now() - beganMs) * 1000;
  }
  return micros.sort();
}

function questionAt(index: number): Question {
  const id = `key_${index % 1009}`;
  return {
    principal: {
      type: 'key',
      id,
      name: `name-${id}`,
      role: 'caller',
      namespaces: null,
      agents: null,
    },
    action: 'run_agent',
    resource: `team${index % 53}/agent`,
  };
}

function at(sorted: Float64Array, share: number): string {
  return (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(1);
}
