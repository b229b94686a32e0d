import type { JWTPayload } from 'jose';
import { maxTokenChars } from '../../protocol/security/token-principal.ts';
import { refusal } from './token-refusal.ts';

/** The header of a token, of which nothing is known to be true. */
export type TokenHeader = Readonly<Record<string, unknown>>;

/** A token taken apart, unchecked. */
export type ReadToken = { readonly header: TokenHeader; readonly claims: JWTPayload };

/**
 * Takes a token apart. Nothing of it may be relied on before its signature is checked.
 *
 * @throws GatewayError `token_invalid` for a text that is none, or is too long.
 */
export function readToken(token: string): ReadToken {
  if (token.length > maxTokenChars) {
    throw refusal(`The token is longer than ${maxTokenChars} characters.`);
  }
  const [header, claims, signature, ...more] = token.split('.');
  if (more.length === 2) {
    throw refusal('The token is encrypted (JWE). Only signed ones (JWS) are taken.');
  }
  if (signature === undefined || more.length > 0) throw unreadable();
  return { header: objectIn(header), claims: objectIn(claims) };
}

function objectIn(part: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Told below.
  }
  throw unreadable();
}

function unreadable() {
  return refusal('What was sent is neither an API key nor a JSON Web Token that can be read.');
}
