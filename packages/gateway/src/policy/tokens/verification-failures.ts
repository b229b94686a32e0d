import { GatewayError } from '../../errors.ts';
import type { Issuer } from './issuer-settings.ts';
import type { ReadToken } from './read-token.ts';
import { refusal } from './token-refusal.ts';

/** Codes of the library whose meaning is the same for every claim. */
const sentences: Readonly<Record<string, string>> = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'The signature of the token is not good.',
  ERR_JWKS_NO_MATCHING_KEY: 'The token is signed with a key that its issuer does not publish.',
  ERR_JWT_EXPIRED: 'The token has expired. Get a new one.',
};

/** Claims that were looked at and are not as they have to be. */
const ofClaims: Readonly<Record<string, string>> = {
  aud: 'The token is for another audience than this gateway.',
  iss: 'The issuer of the token is none that this gateway takes tokens of.',
  nbf: 'The token is not valid yet, as the clock here tells.',
};

const ofMissingClaims: Readonly<Record<string, string>> = {
  exp: 'The token has no expiry (`exp`), so it is not taken.',
  aud: 'The token says no audience (`aud`), so it may be for anybody and is not taken.',
  sub: 'The token has no subject (`sub`), so nobody can be known by it.',
};

/** Why a token was not taken, as a failure for its sender; what is no judgement about it stays as it is. */
export function refusalOf(
  error: unknown,
  { header, claims, issuer }: ReadToken & { readonly issuer: Issuer },
): GatewayError {
  if (error instanceof GatewayError) return error;
  const { alg, kid } = header;
  const { iss, aud, exp, nbf, iat } = claims;
  const wanted = { audience: issuer.audiences, algorithms: issuer.algorithms };
  return refusal(sentenceOf(error), { alg, kid, iss, aud, exp, nbf, iat, wanted });
}

function sentenceOf(error: unknown): string {
  const { code, claim, reason } = error as { code?: string; claim?: string; reason?: string };
  const plain = code === undefined ? undefined : sentences[code];
  if (plain !== undefined) return plain;
  const ofClaim = reason === 'missing' ? ofMissingClaims : ofClaims;
  return ofClaim[claim ?? ''] ?? 'The token is malformed, or uses what is not supported here.';
}
