import { z } from 'zod';
import { environmentVariables } from '../../packages/gateway/src/config/environment.ts';
import { settingsSchema } from '../../packages/gateway/src/config/schema.ts';
import { code, pageHead, table } from './markdown.ts';

/** The part of JSON Schema that zod writes for our settings. */
type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
};

/** `docs/configuration.md`: every setting of `gateway.yaml` and every environment variable. */
export function configurationPage(): string {
  const schema = z.toJSONSchema(settingsSchema, { io: 'output', unrepresentable: 'any' }) as Schema;
  const settings = rowsOf(schema, '');
  const variables = environmentVariables.map((variable) => [
    code(variable.name),
    variable.setting === null ? '' : code(variable.setting),
    variable.yieldsToFile ? `${variable.description} The file wins.` : variable.description,
  ]);
  const introduction = [
    'Every setting has a default: without a `gateway.yaml` everything works. A setting that is misspelt',
    'or out of range stops the start, with file and line. The gateway also reads',
    '`.dropgate/upstream.env` and, below it, a `.env` in the project root.',
  ].join('\n');
  return [
    pageHead('Configuration', introduction),
    '## `gateway.yaml`\n',
    table(['Setting', 'Values', 'Default', 'Meaning'], settings),
    '## Environment\n',
    'A variable wins over the file unless its line says otherwise.\n',
    table(['Variable', 'Sets', 'Meaning'], variables),
  ].join('\n');
}

function rowsOf(schema: Schema, path: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const here = path === '' ? key : `${path}.${key}`;
    if (child.properties) return rowsOf(child, here);
    const entry = child.additionalProperties;
    if (typeof entry === 'object' && entry.properties) {
      return [rowOf(here, child), ...rowsOf(entry, `${here}.<name>`)];
    }
    if (child.items?.properties) return [rowOf(here, child), ...rowsOf(child.items, `${here}[]`)];
    return [rowOf(here, child)];
  });
}

function rowOf(path: string, schema: Schema): string[] {
  const byDefault = schema.default === undefined ? '' : code(JSON.stringify(schema.default));
  return [code(path), valuesOf(schema), byDefault, schema.description ?? ''];
}

function valuesOf(schema: Schema): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.anyOf) return schema.anyOf.map(valuesOf).join(' or ');
  if (schema.type === 'array') return `list of ${valuesOf(schema.items ?? {})}`;
  if (schema.type === 'integer') {
    const isBounded = schema.minimum !== undefined && schema.maximum !== undefined;
    return isBounded ? `${schema.minimum} to ${schema.maximum}` : 'number';
  }
  if (schema.type === 'object') return 'map';
  return schema.type ?? 'any';
}
