/** A part of a document that anybody may have written. */
export type Json = Readonly<Record<string, unknown>>;

/** How deep schemas are followed: one that contains itself would never end. */
const MAX_DEPTH = 24;

/** Most parts of one schema, which a few references make out of a small document. */
const MAX_PARTS = 5000;

/** The object that something is; an empty one where it is none. */
export function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

/** An object with what its `$ref` names in its place; only those within the document are followed. */
export function deref(value: unknown, document: Json): Json {
  let found = asObject(value);
  for (let steps = 0; typeof found.$ref === 'string' && steps < MAX_DEPTH; steps += 1) {
    found = asObject(target(found.$ref, document));
  }
  return found;
}

/** A schema with all of its references in place; where one leads back to itself, anything fits. */
export function inlined(schema: unknown, document: Json): Json {
  let parts = 0;
  const inline = (value: unknown, within: readonly string[]): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    parts += 1;
    if (within.length > MAX_DEPTH || parts > MAX_PARTS) return Array.isArray(value) ? [] : {};
    if (Array.isArray(value)) return value.map((each) => inline(each, [...within, '']));
    const ref = (value as Json).$ref;
    if (typeof ref === 'string' && within.includes(ref)) return {};
    const inner = [...within, typeof ref === 'string' ? ref : ''];
    const entries = Object.entries(asJsonSchema(deref(value, document)));
    return Object.fromEntries(entries.map(([key, each]) => [key, inline(each, inner)]));
  };
  return asObject(inline(schema, []));
}

/** What OpenAPI 3.0 says in its own way, as JSON schema says it. */
function asJsonSchema(schema: Json): Json {
  const { nullable, ...rest } = schema;
  const kept = Object.entries(rest).filter(
    ([key, value]) => !/^exclusive(Minimum|Maximum)$/.test(key) || typeof value === 'number',
  );
  const plain = Object.fromEntries(kept);
  if (nullable !== true || typeof plain.type !== 'string') return plain;
  return { ...plain, type: [plain.type, 'null'] };
}

function target(ref: string, document: Json): unknown {
  if (!ref.startsWith('#/')) return null;
  const keys = ref
    .slice(2)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  return keys.reduce<unknown>((at, key) => asObject(at)[key], document);
}
