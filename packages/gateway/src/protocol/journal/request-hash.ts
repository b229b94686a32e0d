import { hash } from 'node:crypto';

/** Longer requests are hashed as they are: to put their fields in order would take too long. */
const MAX_ORDERED_BYTES = 64 * 1024;

/** SHA-256 of a request, the same whatever order its fields are in and whatever stands between them. */
export function requestHash(body: Buffer): string {
  return hash('sha256', body.length > MAX_ORDERED_BYTES ? body : inOrder(body), 'hex');
}

function inOrder(body: Buffer): string | Buffer {
  try {
    return JSON.stringify(ordered(JSON.parse(body.toString())));
  } catch {
    return body;
  }
}

/** Each run is charged for this at each model call: what is in order already is not made anew. */
function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) value[at] = ordered(value[at]);
    return value;
  }
  const fields = value as Record<string, unknown>;
  const names = Object.keys(fields);
  // Without a prototype, a field named __proto__ is one like others.
  const result: Record<string, unknown> = isSorted(names) ? fields : Object.create(null);
  if (result !== fields) names.sort();
  for (const name of names) result[name] = ordered(fields[name]);
  return result;
}

function isSorted(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at += 1) {
    if ((names[at - 1] ?? '') > (names[at] ?? '')) return false;
  }
  return true;
}
