import { GatewayError } from '../../errors.ts';
import type { MadeCall, TestDifference } from '../../protocol/admin/run-test.ts';
import type { WrittenTest } from '../../protocol/admin/written-test.ts';
import { fitsPattern, patternEngine } from './fits-pattern.ts';

/** What a run did, as far as something can be expected of it. */
export type Came = {
  readonly text: string;
  readonly tools: readonly MadeCall[];
  readonly modelCalls: number;
  /** In and out. */
  readonly tokens: number;
  /** Null where the price of a model is not known. */
  readonly costNanoUsd: number | null;
};

type Expected = WrittenTest['expect'];

/** The first thing that is not as expected; null where all is. */
export async function checkExpected(
  expected: Expected,
  came: Came,
): Promise<TestDifference | null> {
  return (
    checkTools(expected, came) ??
    checkText(expected, came) ??
    (await checkSchema(expected, came)) ??
    checkLimits(expected, came)
  );
}

function checkText({ text, pattern }: Expected, came: Came): TestDifference | null {
  if (text !== undefined && text !== came.text) {
    return differs('text', 'The answer is another.', text, came.text);
  }
  if (pattern === undefined || fitsPattern(pattern, came.text)) return null;
  return differs('pattern', 'The answer has nothing that fits the pattern.', pattern, came.text);
}

async function checkSchema({ schema }: Expected, came: Came): Promise<TestDifference | null> {
  if (!schema) return null;
  let value: unknown;
  try {
    value = JSON.parse(came.text);
  } catch {
    return differs('schema', 'The answer is no JSON.', schema, came.text);
  }
  const fits = await compiled(schema);
  if (fits(value)) return null;
  const [{ instancePath = '', message = 'does not fit' } = {}] = fits.errors ?? [];
  const place = instancePath === '' ? 'It' : instancePath;
  return differs('schema', `The answer does not fit: ${place} ${message}.`, schema, value);
}

async function compiled({ $schema: _, ...schema }: Readonly<Record<string, unknown>>) {
  // Only cases that have a schema need it.
  const { Ajv } = await import('ajv');
  try {
    const code = { regExp: patternEngine };
    return new Ajv({ strict: false, validateFormats: false, code }).compile(schema);
  } catch (error) {
    const message = `expect.schema is no JSON schema: ${(error as Error).message}. Correct it.`;
    throw new GatewayError('invalid_value', message, { cause: error });
  }
}

const NANO_PER_DOLLAR = 1_000_000_000;

function checkLimits(expected: Expected, came: Came): TestDifference | null {
  if (expected.max_cost_usd !== undefined && came.costNanoUsd === null) {
    const message =
      'What a model costs is not known: set its prices below upstreams in gateway.yaml.';
    return limitDiffers('max_cost_usd', message, expected.max_cost_usd, null);
  }
  const limits = [
    ['max_model_calls', 'Models were called more often.', came.modelCalls],
    ['max_tool_calls', 'Tools were called more often.', came.tools.length],
    ['max_tokens', 'More tokens were used.', came.tokens],
    ['max_cost_usd', 'Its model calls cost more.', (came.costNanoUsd ?? 0) / NANO_PER_DOLLAR],
  ] as const;
  for (const [field, message, count] of limits) {
    const most = expected[field];
    if (most !== undefined && count > most) return limitDiffers(field, message, most, count);
  }
  return null;
}

function limitDiffers(
  field: string,
  message: string,
  ...[most, count]: readonly [number, number | null]
): TestDifference {
  const kind = field === 'max_tool_calls' ? 'tool_call' : 'model_call';
  return { ...differs(field, message, most, count), kind };
}

function checkTools({ tools }: Expected, came: Came): TestDifference | null {
  if (!tools) return null;
  const isOrdered = Array.isArray(tools);
  const wanted = listOf(tools).map((each) =>
    typeof each === 'string' ? { name: each, arguments: {} } : each,
  );
  const field = isOrdered ? 'tools' : 'tools.any_order';
  const left = [...came.tools];
  for (const [index, call] of wanted.entries()) {
    const at = isOrdered ? 0 : left.findIndex((made) => isCall(call, made));
    const made = left[at];
    if (!made || !isCall(call, made)) {
      const message = made
        ? `Another call of a tool was made than ${call.name}.`
        : `The tool ${call.name} was not called so.`;
      return toolDiffers(`${field}[${index}]`, message, call, made ?? left);
    }
    left.splice(at, 1);
  }
  const [more] = left;
  return more
    ? toolDiffers(
        field,
        `The tool ${more.name} was called, which is not expected.`,
        wanted,
        came.tools,
      )
    : null;
}

function listOf(tools: NonNullable<Expected['tools']>) {
  return 'any_order' in tools ? tools.any_order : tools;
}

function isCall(wanted: MadeCall, made: MadeCall): boolean {
  return wanted.name === made.name && holds(made.arguments, wanted.arguments);
}

/** Whether a value has what is wanted of it: objects may have more fields, lists have to have the same length. */
function holds(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return Object.is(value, wanted);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(wanted) !== Array.isArray(value)) return false;
  if (Array.isArray(wanted) && wanted.length !== (value as readonly unknown[]).length) return false;
  return Object.entries(wanted).every(
    ([name, inner]) =>
      Object.hasOwn(value, name) &&
      holds((value as Readonly<Record<string, unknown>>)[name], inner),
  );
}

function toolDiffers(place: string, message: string, recorded: unknown, replayed: unknown) {
  return { ...differs(place, message, recorded, replayed), kind: 'tool_call' } as const;
}

function differs(
  field: string,
  message: string,
  ...[recorded, replayed]: readonly [unknown, unknown]
): TestDifference {
  const changes = [{ path: '', recorded, replayed }];
  return { place: `expect.${field}`, kind: 'answer', message, changes };
}
