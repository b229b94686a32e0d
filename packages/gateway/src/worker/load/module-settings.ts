import { z } from 'zod';
import type { Finding } from '../../protocol/diagnostics.ts';
import {
  clientToolsModes,
  guardrailResponses,
  type ModuleSettings,
  taskPromptModes,
  toolEventsModes,
  workingFolders,
} from '../../protocol/records.ts';
import { inputMedia, runSettingNames } from '../../protocol/run.ts';
import { runLimitNames, runLimitsFields } from '../../protocol/usage/run-limits.ts';
import { type Place, placeOf } from '../explain/code-place.ts';
import { fieldsOf } from '../sdk.ts';

/** `__gateway__` after checking: what holds, and a finding for each field that does not. */
export type CheckedSettings = {
  readonly settings: ModuleSettings;
  readonly findings: readonly Finding[];
};

/** The file `__gateway__` stands in, and its text. */
export type EntryText = { readonly file: string; readonly text: string };

/** Checks `__gateway__` strictly; names may be snake_case or camelCase. A bad field is a finding, the rest applies. */
export function checkModuleSettings(metadata: unknown, entry: EntryText): CheckedSettings {
  if (metadata === undefined) return { settings: {}, findings: [] };
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    const message = '`__gateway__` is no object, so it is ignored.';
    const hint = `Export an object with any of ${fieldNames()}.`;
    return {
      settings: {},
      findings: [warning('bad_metadata', { name: '__gateway__', entry, message, hint })],
    };
  }
  const given = Object.entries(metadata).filter(
    ([name, value]) => value !== undefined && !readElsewhere.includes(toCamelCase(name)),
  );
  const fields = Object.fromEntries(given.map(([name, value]) => [toCamelCase(name), value]));
  const findings = Object.entries(fields).flatMap(([name, value]) =>
    findBadField({ name, value }, entry),
  );
  const good = Object.entries(fields).filter(([name, value]) => isGoodField(name, value));
  return { settings: settingsSchema.parse(Object.fromEntries(good)), findings };
}

/** The name in `__gateway__.agent`; undefined where there is none, or none that is a name. */
export function askedAgent(metadata: unknown): string | undefined {
  const asked = text.safeParse(fieldsOf(metadata).agent);
  return asked.success ? asked.data : undefined;
}

const text = z.string().trim().min(1);

function oneOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  const quoted = names.map((each) => `"${each}"`).join(', ');
  return z
    .enum(names)
    .exactOptional()
    .describe(quoted.replace(/, (?=[^,]*$)/, ' or '));
}

const fieldSchemas = {
  agent: text.exactOptional().describe('the name of an agent at the top level of the file'),
  model: text.exactOptional().describe('a model name'),
  upstream: text.exactOptional().describe('the name of an upstream'),
  displayName: text.exactOptional().describe('a text'),
  description: text.exactOptional().describe('a text'),
  tools: z.array(text).exactOptional().describe('a list of gateway tools'),
  toolEvents: oneOf(toolEventsModes),
  clientTools: oneOf(clientToolsModes),
  clientSettings: z
    .array(z.preprocess(camelCaseText, z.enum(runSettingNames)))
    .exactOptional()
    .describe(`a list of ${runSettingNames.map(toSnakeCase).join(', ')}`),
  accepts: z
    .array(z.enum(inputMedia))
    .exactOptional()
    .describe(`a list of ${inputMedia.map((each) => `"${each}"`).join(', ')}`),
  guardrailResponse: oneOf(guardrailResponses),
  sessions: z.boolean().exactOptional().describe('true or false'),
  taskPrompts: oneOf(taskPromptModes),
  maxTurns: z.int().min(1).exactOptional().describe('a whole number from 1'),
  timeoutMs: z.int().min(1).exactOptional().describe('milliseconds, a whole number from 1'),
  maxConcurrentRuns: z.int().min(1).exactOptional().describe('a whole number from 1'),
  limits: z
    .preprocess(camelCaseKeys, runLimitsFields)
    .exactOptional()
    .describe(`an object with any of ${Object.values(runLimitNames).join(', ')}`),
  cwd: oneOf(workingFolders),
  watch: z.array(text).exactOptional().describe('a list of files'),
};

const settingsSchema = z.strictObject(fieldSchemas) satisfies z.ZodType<ModuleSettings>;

function schemaOf(name: string): z.ZodType | null {
  const schemas: Readonly<Record<string, z.ZodType>> = fieldSchemas;
  return Object.hasOwn(schemas, name) ? (schemas[name] ?? null) : null;
}

function isGoodField(name: string, value: unknown): boolean {
  return schemaOf(name)?.safeParse(value).success ?? false;
}

function findBadField(
  { name, value }: { name: string; value: unknown },
  entry: EntryText,
): Finding[] {
  const schema = schemaOf(name);
  if (schema?.safeParse(value).success) return [];
  const shown = `\`__gateway__.${toSnakeCase(name)}\``;
  const finding = schema
    ? warning('bad_metadata', {
        name,
        entry,
        message: `${shown} has a value it cannot have, so it is ignored.`,
        hint: `Give it ${schema.description ?? 'another value'}.`,
      })
    : warning('unknown_metadata', {
        name,
        entry,
        message: `${shown} is no known field, so it is ignored.`,
        hint: `Use one of ${fieldNames()}.`,
      });
  return [finding];
}

function warning(
  code: string,
  about: { name: string; entry: EntryText; message: string; hint: string },
): Finding {
  const { name, entry, message, hint } = about;
  return {
    stage: 'metadata',
    code,
    severity: 'warning',
    message,
    file: entry.file,
    ...placeOfField(name, entry.text),
    hint,
  };
}

/** Where a field of `__gateway__` is written; null where that cannot be told. */
export function placeOfField(name: string, text: string): Place | null {
  const names = [...new Set([name, toSnakeCase(name)])];
  const spellings = names.map((each) => each.replaceAll(/\W/g, '\\$&')).join('|');
  return placeOf(text, new RegExp(`(?<![\\w$])(?:${spellings})(?=['"]?\\s*[:=])`));
}

/** What the gateway does not need to know: code, which no manifest can hold, and what only a load is asked. */
const readElsewhere: readonly string[] = ['context', 'callsAtLoad'];

function fieldNames(): string {
  return [...Object.keys(fieldSchemas), ...readElsewhere].map(toSnakeCase).join(', ');
}

function camelCaseKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined && each !== null);
  return Object.fromEntries(entries.map(([name, each]) => [toCamelCase(name), each]));
}

function camelCaseText(value: unknown): unknown {
  return typeof value === 'string' ? toCamelCase(value) : value;
}

function toCamelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

function toSnakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
