import { type ZodType, z } from 'zod';
import type { SettingPath } from './settings-file.ts';

/** What a schema says about one setting, in JSON Schema's words and with our `allowed`. */
type SchemaNode = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  /** Forms that differ by the value of one key. */
  readonly oneOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | false;
  readonly propertyNames?: SchemaNode;
  readonly description?: string;
  readonly allowed?: string;
};

/** Says for each setting of a schema what it may be, so that no message has to repeat the schema. */
export type AllowedValues = {
  /** `a whole number from 0 to 65535`. */
  describe(path: SettingPath): string;
  /** What the keys of a mapping may be: their names, or a description of them. */
  keys(path: SettingPath): readonly string[];
  describeKey(path: SettingPath): string;
};

/** Reads the allowed values off a schema. */
export function allowedValues(schema: ZodType): AllowedValues {
  let whole: SchemaNode | null = null;
  // It takes as long as all the rest of reading the settings, and only mistakes ask for it.
  const root = () => (whole ??= z.toJSONSchema(schema, { io: 'input' }) as SchemaNode);
  return {
    describe: (path) => describeNode(nodeAt(root(), path)),
    keys: (path) => Object.keys(oneForm(nodeAt(root(), path)).properties ?? {}),
    describeKey: (path) => describeNode(nodeAt(root(), path.slice(0, -1)).propertyNames ?? {}),
  };
}

function nodeAt(root: SchemaNode, path: SettingPath): SchemaNode {
  return path.reduce<SchemaNode>((whole, key) => {
    const node = oneForm(whole);
    if (typeof key === 'number') return node.items ?? {};
    return node.properties?.[String(key)] ?? (node.additionalProperties || {});
  }, root);
}

/** Several forms as one, which has the keys of all of them. */
function oneForm(node: SchemaNode): SchemaNode {
  if (!node.oneOf) return node;
  const properties: Record<string, SchemaNode> = {};
  for (const [key, property] of node.oneOf.flatMap((form) =>
    Object.entries(form.properties ?? {}),
  )) {
    const known = properties[key]?.enum ?? [];
    properties[key] = 'const' in property ? { enum: [...known, property.const] } : property;
  }
  return { type: 'object', properties };
}

function describeNode(node: SchemaNode): string {
  if (node.allowed) return node.allowed;
  if (node.enum) return node.enum.join(', ');
  switch (node.type) {
    case 'integer':
      return `a whole number from ${node.minimum} to ${node.maximum}`;
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list, such as [a, b], each ${describeNode(node.items ?? {})}`;
    case 'object':
      return node.properties
        ? `a mapping with ${Object.keys(node.properties).join(', ')}`
        : 'a mapping of names to values';
    default:
      return 'a text that is not empty';
  }
}
