import { escaped, prose } from './html.ts';

/** A JSON schema, as far as the page reads one. */
export type JsonSchema = {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
};

/** Fields further down are told by the kind of what holds them alone. */
const deepest = 3;

/** A table of the fields of a schema: name, kind, meaning. Empty for one that has no fields. */
export function schemaTable(schema: JsonSchema): string {
  const rows = fieldsOf(schema, '', 1);
  if (rows.length === 0) return `<p>${kindOf(schema)}</p>`;
  const head = '<tr><th>Field<th>Kind<th>Meaning';
  return `<div class="wide"><table>${head}${rows.join('')}</table></div>`;
}

function fieldsOf(schema: JsonSchema, prefix: string, depth: number): readonly string[] {
  if (schema.items) return fieldsOf(schema.items, `${prefix}[]`, depth);
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const needed = required.has(name) ? ' <b>required</b>' : '';
    const row = `<tr><td><code>${escaped(path)}</code>${needed}<td>${kindOf(field)}<td>${meaningOf(field)}`;
    return depth < deepest ? [row, ...fieldsOf(field, path, depth + 1)] : [row];
  });
}

/** What a value may be, in words. */
function kindOf(schema: JsonSchema): string {
  const values = schema.const === undefined ? schema.enum : [schema.const];
  if (values)
    return values.map((value) => `<code>${escaped(JSON.stringify(value))}</code>`).join(' ');
  const either = schema.properties ? undefined : (schema.anyOf ?? schema.oneOf);
  if (either) return [...new Set(either.map(kindOf))].join(' or ');
  if (schema.items) return `list of ${kindOf(schema.items)}`;
  return escaped([schema.type ?? 'anything'].flat().join(' or '));
}

function meaningOf({ description = '', default: preset }: JsonSchema): string {
  const text = prose(description);
  if (preset === undefined) return text;
  return `${text} Default: <code>${escaped(JSON.stringify(preset))}</code>`.trim();
}
