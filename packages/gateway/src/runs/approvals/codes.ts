import { createHash, randomInt } from 'node:crypto';

/** Letters and digits that nobody takes for one another, read or said: no 0, O, 1, I, L, U and V as they look. */
const LETTERS = '23456789ABCDEFGHJKMNPQRSTWXYZ';

const HALF = 4;

/** A new code, of 38 bits: `K7Q2-M9XD`. */
export function newCode(): string {
  const letters = Array.from({ length: 2 * HALF }, () => LETTERS[randomInt(LETTERS.length)]);
  return `${letters.slice(0, HALF).join('')}-${letters.slice(HALF).join('')}`;
}

/** The SHA-256 by which a code is found, of a key and its end user alone. */
export function codeHash(
  code: string,
  { keyId, user }: { readonly keyId: string; readonly user: string | null },
): string {
  const bound = JSON.stringify([keyId, user ?? '', lettersOf(code)]);
  return createHash('sha256').update(bound).digest('hex');
}

function lettersOf(text: string): string {
  return text.toUpperCase().replaceAll(/[^0-9A-Z]/g, '');
}
