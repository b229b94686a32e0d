/** How the value of an argument is written. Whatever is not simple is written as JSON. */
export type ArgumentField = {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'json';
  readonly isRequired: boolean;
  /** Whether null can stand for no value. */
  readonly isNullable: boolean;
  readonly hint: string;
  /** Of a choice. */
  readonly choices: readonly unknown[];
  /** What it begins with, as written. */
  readonly initial: string;
};

type Schema = Readonly<Record<string, unknown>>;

/** The fields of a form, of the JSON schema of an object. */
export function argumentFields(parameters: Schema): readonly ArgumentField[] {
  const properties = isObject(parameters.properties) ? parameters.properties : {};
  const required: readonly unknown[] = Array.isArray(parameters.required)
    ? parameters.required
    : [];
  return Object.entries(properties).map(([name, schema]) =>
    toField(name, isObject(schema) ? schema : {}, required.includes(name)),
  );
}

function toField(name: string, given: Schema, isRequired: boolean): ArgumentField {
  const { schema, isNullable } = withoutNull(given);
  const choices = choicesOf(schema);
  const kind = choices.length > 0 ? 'choice' : kindOf(schema);
  const hint = [given.description, schema.description].find((each) => typeof each === 'string');
  const first = given.default ?? schema.default;
  return {
    name,
    kind,
    isRequired,
    isNullable,
    hint: typeof hint === 'string' ? hint : '',
    choices,
    initial: first === undefined || first === null ? '' : written(kind, first, choices),
  };
}

/** A value as it is written into its field. Of a choice: its place among the choices. */
function written(kind: ArgumentField['kind'], value: unknown, choices: readonly unknown[]): string {
  if (kind === 'choice') {
    const at = choices.findIndex((each) => JSON.stringify(each) === JSON.stringify(value));
    return at < 0 ? '' : `${at}`;
  }
  if (kind === 'json') return JSON.stringify(value, null, 2);
  return String(value);
}

function kindOf({ type }: Schema): ArgumentField['kind'] {
  switch (type) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
    case 'boolean':
      return type;
    default:
      return 'json';
  }
}

function choicesOf({ enum: all, const: only }: Schema): readonly unknown[] {
  if (only !== undefined) return [only];
  return Array.isArray(all) ? all.filter((each) => each !== null) : [];
}

/** `string or null` is a string that need not be given, in each of the ways that schemas write it. */
function withoutNull(schema: Schema): { readonly schema: Schema; readonly isNullable: boolean } {
  const { type, anyOf, oneOf } = schema;
  if (Array.isArray(type)) {
    const rest = type.filter((each) => each !== 'null');
    const isNullable = rest.length < type.length;
    return { schema: { ...schema, type: rest.length === 1 ? rest[0] : rest }, isNullable };
  }
  const ways = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
  const rest = ways.filter((each) => !(isObject(each) && each.type === 'null'));
  const [only] = rest;
  const isNullable = rest.length < ways.length;
  return rest.length === 1 && isObject(only)
    ? { schema: only, isNullable }
    : { schema, isNullable };
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
