import { asObject, asObjects, type JsonObject } from './demo-request.ts';
import { fillNumber, fillString, type Source, says } from './fill-value.ts';
import { quotedTexts } from './find-values.ts';

/** A schema that contains itself would never end, or grow with every level. */
const MAX_DEPTH = 8;

/**
 * Makes a value that fits a JSON schema out of a text and, where there are any, known values.
 *
 * @param source - What to draw from. With `guesses` the value always fits, invented where need be.
 * @returns undefined where something required is not to be found.
 */
export function fillSchema(schema: JsonObject, outer: Source, name = ''): unknown {
  if (outer.room.left === 0) return undefined;
  // Also of what lies too deep: a list may want it again and again.
  outer.room.left -= 1;
  if (outer.depth >= MAX_DEPTH) return undefined;
  const source = { ...outer, depth: outer.depth + 1 };
  const target = resolve(schema, source);
  if ('const' in target) return target.const;
  const variants = asObjects(target.anyOf ?? target.oneOf);
  if (variants.length > 0) return fillVariant(variants, source, name);
  if (Array.isArray(target.enum)) return chooseEnum(target.enum, source);
  const known = source.known(name);
  const types = [target.type].flat();
  switch (types.find((type) => type !== 'null')) {
    case 'object':
      return fillObject(target, source);
    case 'array':
      return Array.isArray(known) && fitsItems(known, target)
        ? known
        : fillArray(target, source, name);
    case 'boolean':
      return typeof known === 'boolean' ? known : says(source.text, name);
    case 'integer':
    case 'number':
      return orNull(fillNumber(target, source, name), types);
    case 'string':
      return orNull(fillString(target, source, name), types);
    default:
      if (target.properties) return fillObject(target, source);
      return types.includes('null') ? null : (known ?? orNull(fillString({}, source, name), []));
  }
}

function orNull(value: unknown, types: readonly unknown[]): unknown {
  return value === undefined && types.includes('null') ? null : value;
}

function resolve(schema: JsonObject, source: Source): JsonObject {
  const { $ref } = schema;
  if (typeof $ref !== 'string' || !$ref.startsWith('#')) return schema;
  const keys = $ref.split('/').slice(1);
  return keys.reduce((at: JsonObject, key) => asObject(at[key]), source.root);
}

function fillVariant(variants: readonly JsonObject[], source: Source, name: string): unknown {
  for (const variant of variants) {
    if (variant.type === 'null') continue;
    const value = fillSchema(variant, source, name);
    if (value !== undefined) return value;
  }
  return variants.some((variant) => variant.type === 'null') ? null : undefined;
}

function chooseEnum(values: readonly unknown[], source: Source): unknown {
  const text = source.text.toLowerCase();
  const named = values.find(
    (value) => typeof value === 'string' && text.includes(value.toLowerCase().replaceAll('_', ' ')),
  );
  return named ?? values[0];
}

function fillObject(schema: JsonObject, source: Source): unknown {
  const required = new Set(Array.isArray(schema.required) ? schema.required : []);
  const filled: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(asObject(schema.properties))) {
    const target = resolve(asObject(property), source);
    if (!required.has(name) && !isWorthFilling(target, source, name)) continue;
    const found = fillSchema(target, source, name);
    const value = found === undefined ? target.default : found;
    if (value !== undefined) filled[name] = value;
    else if (required.has(name)) return undefined;
  }
  return filled;
}

/** An optional choice is made only where the text names it, an optional flag only where set. */
function isWorthFilling(schema: JsonObject, source: Source, name: string): boolean {
  if (Array.isArray(schema.enum)) {
    const text = source.text.toLowerCase();
    return schema.enum.some(
      (value) => typeof value === 'string' && text.includes(value.toLowerCase()),
    );
  }
  if (schema.type === 'boolean') return says(source.text, name);
  return !source.guesses;
}

function fillArray(schema: JsonObject, source: Source, name: string): unknown {
  const items = asObject(schema.items);
  const most = typeof schema.maxItems === 'number' ? schema.maxItems : 5;
  const least = typeof schema.minItems === 'number' ? schema.minItems : 0;
  const values: unknown[] = [];
  // Guesses never run out, so only what must be there is guessed.
  const wanted = source.guesses
    ? Math.min(Math.max(1, least), most)
    : Math.min(quotedTexts(source.text).length || most, most);
  while (values.length < wanted) {
    const value = fillSchema(items, source, name);
    if (value === undefined || (!source.guesses && values.includes(value))) break;
    values.push(value);
    if (typeof value === 'object' || typeof value === 'boolean' || items.enum) break;
  }
  while (source.guesses && values.length < least) {
    if (source.room.left === 0) return undefined;
    values.push(fillSchema(items, source, name));
  }
  return values.length >= Math.max(least, source.guesses ? 0 : 1) ? values : undefined;
}

function fitsItems(values: readonly unknown[], schema: JsonObject): boolean {
  const { type } = asObject(schema.items);
  return values.every((value) => type === (typeof value === 'number' ? 'number' : typeof value));
}
