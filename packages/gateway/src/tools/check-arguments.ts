import type { ErrorObject, ValidateFunction } from 'ajv';
import type { JsonSchema } from '../protocol/tools/gateway-tools.ts';

/** Arguments that fit, with the schema's defaults filled in, or what is wrong with them. */
export type CheckedArguments =
  | {
      readonly type: 'fit';
      readonly args: Readonly<Record<string, unknown>>;
      readonly json: string;
    }
  | { readonly type: 'wrong'; readonly message: string };

/** Longest arguments that are looked at, in characters of JSON. */
const MAX_LENGTH = 256 * 1024;

/**
 * Makes the check of one tool's arguments. What it says is for the model that wrote them: what is wrong, and what fits.
 *
 * @param source - Whether the schema is the operator's own, or a server's: then no pattern of it is run here, where one
 *   that takes for ever would stop everything.
 * @throws An error of the schema, which is the operator's, with the first check.
 */
export function createCheckArguments(
  schema: JsonSchema,
  source: 'own' | 'foreign' = 'own',
): (given: unknown) => Promise<CheckedArguments> {
  let compiled: Promise<ValidateFunction> | null = null;
  return async (given) => {
    // Some models send nothing where a tool takes nothing.
    const value = given === '' || given === null || given === undefined ? {} : given;
    if (typeof value !== 'object' || Array.isArray(value)) {
      return wrong(`The arguments are no JSON object. ${expected(schema)}`);
    }
    const json = JSON.stringify(value);
    if (json.length > MAX_LENGTH) {
      return wrong(`The arguments are longer than ${MAX_LENGTH} characters. Send less.`);
    }
    compiled ??= compile(schema, source);
    const fits = await compiled;
    // Defaults are written into what is checked.
    const args = JSON.parse(json) as Record<string, unknown>;
    if (fits(args)) return { type: 'fit', args, json };
    const [first] = fits.errors ?? [];
    return wrong(`${first ? described(first) : 'The arguments do not fit.'} ${expected(schema)}`);
  };
}

async function compile(
  { $schema: _, ...schema }: JsonSchema,
  source: 'own' | 'foreign',
): Promise<ValidateFunction> {
  // Only a gateway whose tools are called needs it.
  const { Ajv } = await import('ajv');
  const options = { strict: false, useDefaults: true, validateFormats: false } as const;
  const ajv = new Ajv(options);
  if (source === 'foreign') ajv.removeKeyword('pattern').removeKeyword('patternProperties');
  // Which draft it names is left aside: what this one does not know is taken for well.
  return ajv.compile(schema);
}

function wrong(message: string): CheckedArguments {
  return { type: 'wrong', message };
}

function described({ instancePath, message = 'do not fit', params }: ErrorObject): string {
  const place = instancePath === '' ? 'The arguments' : `The argument ${instancePath.slice(1)}`;
  const allowed = (params as { allowedValues?: readonly unknown[] }).allowedValues;
  const extra = (params as { additionalProperty?: string }).additionalProperty;
  const more = allowed ? `: ${allowed.map(String).join(', ')}` : extra ? `: ${extra}` : '';
  return `${place} ${message}${more}.`.slice(0, 500);
}

/** What a tool takes, in one sentence. */
function expected({ properties, required }: JsonSchema): string {
  const needed = new Set(Array.isArray(required) ? required : []);
  const names = Object.entries((properties ?? {}) as Readonly<Record<string, { type?: unknown }>>);
  if (names.length === 0) return 'It takes none: send {}.';
  const listed = names.slice(0, 20).map(([name, property]) => {
    const notes = [property?.type, needed.has(name) ? 'required' : null].filter(Boolean);
    return notes.length > 0 ? `${name} (${notes.join(', ')})` : name;
  });
  return `Send an object with: ${listed.join(', ')}.`;
}
