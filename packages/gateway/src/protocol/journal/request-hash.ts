import { createHash } from 'node:crypto';

/** Longer requests are hashed as they are: to put their fields in order would take too long. */
const MAX_ORDERED_BYTES = 64 * 1024;

/** SHA-256 of a request, the same whatever order its fields are in and whatever stands between them. */
export function requestHash(body: Buffer): string {
  const ordered = body.length > MAX_ORDERED_BYTES ? null : inOrder(body);
  return createHash('sha256')
    .update(ordered ?? body)
    .digest('hex');
}

function inOrder(body: Buffer): string | null {
  try {
    return JSON.stringify(JSON.parse(body.toString()), sorted);
  } catch {
    return null;
  }
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
