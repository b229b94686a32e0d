import { hash } from 'node:crypto';
import { tokenPrefix } from '../../protocol/security/token-principal.ts';

/** What OpenID Connect allows a subject. */
const MAX_SUBJECT_CHARS = 255;

/** A longer one would not fit where principals are written. */
const MAX_WRITTEN_CHARS = 128;

const MAX_NAME_CHARS = 64;

/**
 * The principal of a subject: `oidc:corp:alice`. What could mean something else in it is written as `%` and its bytes
 * (`auth0|7` is `auth0%7C7`), so that none looks like another, like a pattern or like two lines. One too long to be
 * written stands as `~` and its SHA-256. Null for what is no subject.
 */
export function tokenPrincipal(issuerName: string, subject: unknown): string | null {
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT_CHARS) {
    return null;
  }
  if (!subject.isWellFormed()) return null;
  return `${tokenPrefix}${issuerName}:${writtenInPrincipal(subject)}`;
}

/** A well-formed text as the last part of a principal: escaped, or `~` and its SHA-256 where that is too long. */
export function writtenInPrincipal(text: string): string {
  if (isPlain(text)) return text;
  const written = escaped(text);
  return written.length > MAX_WRITTEN_CHARS ? `~${hash('sha256', text, 'base64url')}` : written;
}

function isPlain(text: string): boolean {
  return text.length <= MAX_WRITTEN_CHARS && /^[A-Za-z0-9._@-]*$/.test(text);
}

/** A text as it stands in a principal. */
export function escaped(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._@-]/gu, (sign) =>
    [...Buffer.from(sign)]
      .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
      .join(''),
  );
}

/** What a person is called: the first claim of these that says something, on one line and not too long. */
export function nameIn(claims: Readonly<Record<string, unknown>>, otherwise: string): string {
  for (const claim of ['preferred_username', 'email', 'name', 'sub']) {
    const value = claims[claim];
    const name = typeof value === 'string' ? cleaned(value) : '';
    if (name !== '') return name;
  }
  return otherwise;
}

/** Signs that are not seen, or that turn the direction of what follows, are left out. */
function cleaned(text: string): string {
  const line = text
    .slice(0, 1024)
    .normalize('NFC')
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return [...line].slice(0, MAX_NAME_CHARS).join('').trim();
}
