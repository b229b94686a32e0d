import { createRequire } from 'node:module';
import type { Environment, ParseResult } from '@marcbachmann/cel-js';
import type { Action } from '../../protocol/policy.ts';
import { securityLimits } from '../../protocol/security/security-limits.ts';
import { ContextFacts, type Facts, PrincipalFacts } from './condition-facts.ts';
import { checkCondition, conditionLimits } from './condition-limits.ts';

/** A `when`, ready to be asked. */
export type Condition = {
  /** Whether it names the arguments of the call. */
  readonly needsArgs: boolean;
  /** Whether it names the time. */
  readonly needsClock: boolean;
  /** @throws What keeps it from an answer; texts of such errors may quote arguments. */
  readonly holds: (facts: Facts) => boolean;
};

/** Makes conditions of texts, of the same text once. */
export type Conditions = {
  /** @throws ConditionError where the text is no condition, or asks for too much. */
  readonly compile: (source: string, action: Action) => Condition;
};

/** A `when` is wrong. `message` says what and where, ending in a period. */
export class ConditionError extends Error {
  override readonly name = 'ConditionError';
}

/** CEL is loaded with the first condition; most gateways have none. */
export function createConditions(): Conditions {
  let environment: Environment | null = null;
  const compiled = new Map<string, Condition>();
  return {
    compile(source, action) {
      let condition = compiled.get(source);
      if (!condition) {
        environment ??= createEnvironment();
        condition = compileIn(environment, source);
        compiled.set(source, condition);
      }
      if (condition.needsArgs && action !== 'call_tool') {
        throw new ConditionError('Only tool calls have `args`; leave it out of this condition.');
      }
      return condition;
    },
  };
}

function compileIn(environment: Environment, source: string): Condition {
  const parsed = parseIn(environment, source);
  const found = checkCondition(parsed.ast);
  if (found.problem) throw new ConditionError(found.problem);
  checkTypes(parsed);
  return { ...found, holds: (facts) => answerOf(parsed, facts) };
}

function createEnvironment(): Environment {
  // Loading it takes 20 ms, which commands that read the settings need not pay for.
  const cel = createRequire(import.meta.url)(
    '@marcbachmann/cel-js',
  ) as typeof import('@marcbachmann/cel-js');
  return new cel.Environment({ limits: conditionLimits })
    .registerType('Principal', { ctor: PrincipalFacts, fields: PrincipalFacts.fields })
    .registerType('Context', { ctor: ContextFacts, fields: ContextFacts.fields })
    .registerVariable('principal', 'Principal')
    .registerVariable('resource', 'string')
    .registerVariable('args', 'dyn')
    .registerVariable('context', 'Context');
}

function parseIn(environment: Environment, source: string): ParseResult {
  const { conditionChars } = securityLimits;
  if (source.length > conditionChars) {
    throw new ConditionError(`The condition is longer than ${conditionChars} characters.`);
  }
  try {
    return environment.parse(source);
  } catch (error) {
    throw toConditionError(error);
  }
}

function checkTypes(parsed: ParseResult): void {
  const { valid, type, error } = parsed.check();
  if (!valid) throw toConditionError(error);
  if (type !== 'bool' && type !== 'dyn') {
    throw new ConditionError(`A condition is true or false; this one is of type ${type}.`);
  }
}

function answerOf(parsed: ParseResult, facts: Facts): boolean {
  const answer: unknown = parsed(facts);
  if (typeof answer === 'boolean') return answer;
  throw new ConditionError('The condition is neither true nor false.');
}

function toConditionError(error: unknown): ConditionError {
  const { summary, range } = error as { summary?: string; range?: { start: number } };
  const place = range ? ` at character ${range.start + 1}` : '';
  const what = summary ?? 'It cannot be understood';
  return new ConditionError(`The condition is wrong${place}: ${what.replace(/\.$/, '')}.`, {
    cause: error,
  });
}
