import type { z } from 'zod';
import { type FailureCode, failures, GatewayError } from '../../errors.ts';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/**
 * The first thing wrong with an input, as OpenAI would say it: with the path of the field and what is allowed.
 *
 * @param input - What was parsed, to tell a missing field from one of another type.
 */
export function invalidInput(error: z.ZodError, input: unknown): GatewayError {
  const issue = named(innermost(error.issues[0] as Issue));
  const value = valueAt(input, issue.path);
  const param = paramOf(issue.path);
  const [code, message] = describe(issue, { value, param });
  return new GatewayError(code, message, param === '' ? {} : { param });
}

/** A failed union says nothing itself: the branch that got furthest knows what is wrong. */
function innermost(issue: Issue): Issue {
  if (issue.code !== 'invalid_union') return issue;
  const inner = issue.errors
    .flatMap(([first]) => (first ? [innermost(first)] : []))
    .filter((candidate) => candidate.path.length > 0)
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue;
}

/** An unknown field is told of the object it is in; who sent it looks for the field. */
function named(issue: Issue): Issue {
  if (issue.code !== 'unrecognized_keys') return issue;
  return { ...issue, path: [...issue.path, ...issue.keys.slice(0, 1)] };
}

type Subject = { readonly value: unknown; readonly param: string };

function describe(issue: Issue, { value, param }: Subject): [FailureCode, string] {
  if (param === '') {
    return ['invalid_request', `The body must be a JSON object, not ${typeName(value)}.`];
  }
  if (issue.code === 'unrecognized_keys') {
    return ['unsupported_parameter', `Unknown parameter: '${param}'.`];
  }
  if (value === undefined) {
    return ['missing_parameter', `Missing required parameter: '${param}'.`];
  }
  switch (issue.code) {
    case 'invalid_type':
      return [
        'invalid_type',
        `Invalid type for '${param}': expected ${issue.expected}, got ${typeName(value)}.`,
      ];
    case 'invalid_union':
      return describeUnion(issue, { value, param });
    case 'invalid_value':
      return ['invalid_value', notAmong(param, value, issue.values)];
    case 'custom':
      return [failureOf(issue), `${issue.message} ('${param}').`];
    case 'invalid_key':
      return [
        'invalid_value',
        `Invalid key '${param}': ${issue.issues[0]?.message ?? issue.message}.`,
      ];
    case 'too_small':
      return ['invalid_value', `Invalid value for '${param}': ${smallness(issue)}.`];
    default:
      return ['invalid_value', `Invalid value for '${param}': ${issue.message}.`];
  }
}

function smallness({ origin, minimum, message }: z.core.$ZodIssueTooSmall): string {
  const canBeEmpty = origin === 'string' || origin === 'array';
  return canBeEmpty && minimum === 1 ? 'it must not be empty' : message;
}

function describeUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  { value, param }: Subject,
): [FailureCode, string] {
  if ('options' in issue && Array.isArray(issue.options)) {
    return ['invalid_value', notAmong(param, value, issue.options)];
  }
  const expected = issue.errors.flatMap(([first]) =>
    first?.code === 'invalid_type' ? [first.expected] : [],
  );
  return [
    'invalid_type',
    `Invalid type for '${param}': expected ${expected.join(' or ')}, got ${typeName(value)}.`,
  ];
}

function notAmong(param: string, value: unknown, allowed: readonly unknown[]): string {
  const got = typeof value === 'string' ? `'${value.slice(0, 64)}'` : typeName(value);
  const supported = allowed.map((one) => `'${String(one)}'`).join(', ');
  return `Invalid value for '${param}': ${got}. Supported values are: ${supported}.`;
}

function failureOf(issue: Extract<Issue, { code: 'custom' }>): FailureCode {
  const failure: unknown = issue.params?.failure;
  return typeof failure === 'string' && failure in failures
    ? (failure as FailureCode)
    : 'invalid_value';
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key],
    input,
  );
}

/** `messages[0].role`. */
function paramOf(path: Path): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key).slice(0, 64)}`))
    .join('')
    .replace(/^\./, '');
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  return Array.isArray(value) ? 'array' : typeof value;
}
