const MOST_BYTES = 64 * 1024;
const DEEPEST = 32;

/** What is wrong with what should describe the arguments of a function; null for nothing. */
export function boundedSchema(schema: unknown): string | null {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
    return 'parameters are a JSON schema of an object';
  }
  if (!('type' in schema) || schema.type !== 'object') {
    return "parameters are a JSON schema whose type is 'object'";
  }
  // Before it is written as JSON, for which it may be too deep.
  if (isDeeper(schema, DEEPEST)) return `a schema is nested at most ${DEEPEST} deep`;
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  return bytes > MOST_BYTES ? `a schema has at most ${MOST_BYTES} bytes` : null;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
