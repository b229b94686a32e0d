import fc from 'fast-check';
import { type Json, oddText } from './odd-values.ts';

type Schema = {
  readonly type?: string | readonly string[];
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly $ref?: string;
  readonly minimum?: number;
  readonly maximum?: number;
};

/** Words that mean something somewhere, so that what fits a schema means something too. */
const words = fc.constantFrom(
  'default/echo',
  'echo',
  'x',
  'user',
  'Hi',
  'gpt',
  'run_agent',
  'call_tool',
  'key_x',
  'role:caller',
  'labs/*',
  '2030-01-01T00:00:00Z',
  'resp_x',
  'conv_x',
  'https://x',
  'apr_x',
  '123456',
  'add',
);

/** Values that fit a JSON schema, as far as its forms go; references are looked up in `within`. */
export function fromSchema(schema: object, within: object, depth = 0): fc.Arbitrary<Json> {
  const of = schema as Schema;
  const inner = (other: Schema) => fromSchema(other, within, depth + 1);
  if (depth > 7) return fc.constant<Json>(null);
  if (of.$ref !== undefined) return inner(lookedUp(of.$ref, within));
  if (of.const !== undefined) return fc.constant(of.const);
  if (of.enum) return fc.constantFrom(...of.enum);
  const variants = of.anyOf ?? of.oneOf ?? of.allOf;
  if (variants) return fc.oneof(...variants.map(inner));
  const type = typeof of.type === 'object' ? of.type[0] : of.type;
  switch (type) {
    case 'object':
      return objectOf(of, inner);
    case 'array':
      return fc.array(inner(of.items ?? {}), { maxLength: 3 });
    case 'string':
      return fc.oneof({ weight: 4, arbitrary: words }, { weight: 1, arbitrary: oddText });
    case 'integer':
      return fc.integer({
        min: Math.max(of.minimum ?? -5, -1e9),
        max: Math.min(of.maximum ?? 100, 1e9),
      });
    case 'number':
      return fc.double({ min: of.minimum ?? -2, max: of.maximum ?? 100, noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.oneof(words, fc.constant<Json>({ a: 1 }), fc.constant<Json>([1]));
  }
}

function objectOf(
  schema: Schema,
  inner: (schema: Schema) => fc.Arbitrary<Json>,
): fc.Arbitrary<Json> {
  const properties = Object.entries(schema.properties ?? {});
  const known = fc.record(
    Object.fromEntries(properties.map(([name, each]) => [name, inner(each)])),
    { requiredKeys: [...(schema.required ?? [])].filter((name) => schema.properties?.[name]) },
  );
  const { additionalProperties: more } = schema;
  if (typeof more !== 'object') return known as fc.Arbitrary<Json>;
  return fc
    .tuple(known, fc.dictionary(words, inner(more), { maxKeys: 2 }))
    .map(([some, others]): Json => ({ ...some, ...others }));
}

function lookedUp(ref: string, within: object): Schema {
  const names = ref.split('/').slice(1);
  return (
    (names.reduce<unknown>(
      (at, name) => (at as Record<string, unknown>)?.[name],
      within,
    ) as Schema) ?? {}
  );
}
