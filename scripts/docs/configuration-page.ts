import { z } from 'zod';
import { environmentVariables } from '../../packages/gateway/src/config/environment.ts';
import { settingsSchema } from '../../packages/gateway/src/config/schema.ts';
import { toolKinds } from '../../packages/gateway/src/tools/kinds/kinds.ts';
import { commonSettings } from '../../packages/gateway/src/tools/tool.ts';
import { code, pageHead, table } from './markdown.ts';

/** The part of JSON Schema that zod writes for our settings. */
type Schema = {
  readonly type?: string;
  readonly const?: unknown;
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
  const settings = rowsOf(schemaOf(settingsSchema), '');
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
    table(head, settings),
    ...toolSections(),
    '## Environment\n',
    'A variable wins over the file unless its line says otherwise.\n',
    table(['Variable', 'Sets', 'Meaning'], variables),
  ].join('\n');
}

function schemaOf(settings: z.ZodType): Schema {
  return z.toJSONSchema(settings, { io: 'output', unrepresentable: 'any' }) as Schema;
}

const head = ['Setting', 'Values', 'Default', 'Meaning'];

/** What an entry of `tools` may have: what each kind has, then what is of one kind alone. */
function toolSections(): string[] {
  const shared = rowsOf(schemaOf(z.strictObject(commonSettings)), 'tools.<name>');
  const known = new Set(shared.map((row) => row.join()));
  const kinds = Object.entries(toolKinds).flatMap(([kind, { settings }]) => {
    const schema = schemaOf(settings);
    const own = rowsOf(schema, 'tools.<name>')
      .filter((row) => !known.has(row.join()))
      .filter(([path]) => path !== code('tools.<name>.kind'));
    const about = `### Tools of the kind ${code(kind)}\n\n${schema.description ?? ''}\n`;
    return own.length > 0 ? [about, table(head, own)] : [about];
  });
  const introduction = `Each has a \`kind\`: ${Object.keys(toolKinds).map(code).join(', ')}. What all of them may have (those of several tools no \`description\`):\n`;
  return ['## Tools\n', introduction, table(head, shared), ...kinds];
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
  if (schema.const !== undefined) return code(String(schema.const));
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
