import type { CryptoKey, JWTPayload, JWTVerifyGetKey, JWTVerifyOptions } from 'jose';
import { GatewayError } from '../../errors.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import type { Issuer } from './issuer-settings.ts';
import type { KeySet } from './key-set.ts';
import { readToken, type TokenHeader } from './read-token.ts';
import { refusal } from './token-refusal.ts';
import { refusalOf } from './verification-failures.ts';

/** An issuer, and where its keys are. */
export type KnownIssuer = { readonly settings: Issuer; readonly keys: IssuerKeys };

/** What a token says, once it is known to be true. */
export type VerifiedToken = {
  readonly issuer: Issuer;
  readonly claims: JWTPayload;
  /** Whether keys and settings are still those that it was checked with. */
  readonly isCurrent: () => boolean;
  /** Unix seconds. */
  readonly expiresAtSeconds: number;
};

/**
 * Checks a token: form, algorithm, issuer, signature, audience, times.
 *
 * @throws GatewayError `token_invalid` with the reason, `identity_unavailable` where the keys of its issuer cannot be read.
 */
export type VerifyToken = (token: string) => Promise<VerifiedToken>;

export type VerifyTokenDeps = {
  /** By `iss`. */
  readonly issuerOf: (iss: string) => KnownIssuer | undefined;
  readonly nowSeconds: () => number;
};

/** Keys of one name that are tried; an issuer gives each its own. */
const MAX_TRIED_KEYS = 8;

/** Reads the library with the first token: most gateways never see one. */
export function createVerifyToken({ issuerOf, nowSeconds }: VerifyTokenDeps): VerifyToken {
  // Keys are imported once for as long as they are known.
  const imported = new WeakMap<KeySet, JWTVerifyGetKey>();
  const verifyBySet: VerifyBySet = async (token, set, options) => {
    const { createLocalJWKSet, jwtVerify } = await import('jose');
    const keyOf = imported.get(set) ?? createLocalJWKSet({ keys: [...set.keys] });
    imported.set(set, keyOf);
    try {
      const { payload } = await jwtVerify(token, keyOf, options);
      return { payload, set };
    } catch (error) {
      if (codeOf(error) !== 'ERR_JWKS_MULTIPLE_MATCHING_KEYS') throw error;
      const payload = await verifyByEach(token, error as AsyncIterable<CryptoKey>, options);
      return { payload, set };
    }
  };
  return async (token) => {
    const { header, claims } = readToken(token);
    const iss = claims.iss;
    const known = typeof iss === 'string' ? issuerOf(iss) : undefined;
    if (!known) {
      throw refusal('The issuer of the token is none that this gateway takes tokens of.', { iss });
    }
    const { settings, keys } = known;
    checkHeader(header, settings);
    const options = optionsOf(settings, nowSeconds());
    const verified = await verifyWith(token, { keys, options, verifyBySet }).catch(
      (error: unknown) => {
        throw refusalOf(error, { header, claims, issuer: settings });
      },
    );
    const { payload, set } = verified;
    return {
      issuer: settings,
      claims: payload,
      expiresAtSeconds: checkedExpiry(payload, settings, nowSeconds()),
      isCurrent: () => issuerOf(settings.issuer)?.settings === settings && keys.isCurrent(set),
    };
  };
}

/** Kinds of tokens that are for access; logout tokens, proofs and the like are signed with the same keys. */
const takenTypes: readonly string[] = ['jwt', 'at+jwt', 'application/at+jwt', 'application/jwt'];

function checkHeader({ alg, typ }: TokenHeader, { algorithms }: Issuer): void {
  if (!algorithms.some((taken) => taken === alg)) {
    const allowed = algorithms.join(', ');
    throw refusal('The algorithm of the token’s signature is not taken here.', { alg, allowed });
  }
  if (typ === undefined) return;
  if (typeof typ === 'string' && takenTypes.includes(typ.toLowerCase())) return;
  throw refusal('The token is of a kind that is not for access.', { typ });
}

function optionsOf(issuer: Issuer, nowSeconds: number): JWTVerifyOptions {
  return {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    audience: [...issuer.audiences],
    clockTolerance: issuer.clockSkewSeconds,
    requiredClaims: ['exp', 'sub'],
    currentDate: new Date(nowSeconds * 1000),
  };
}

/** What was found, and the keys it was found with. */
type Verified = { readonly payload: JWTPayload; readonly set: KeySet };

type VerifyBySet = (token: string, set: KeySet, options: JWTVerifyOptions) => Promise<Verified>;

type Verifying = {
  readonly keys: IssuerKeys;
  readonly options: JWTVerifyOptions;
  readonly verifyBySet: VerifyBySet;
};

/** A key that is not among those that are known may be a new one: then they are read once more. */
async function verifyWith(
  token: string,
  { keys, options, verifyBySet }: Verifying,
): Promise<Verified> {
  try {
    return await verifyBySet(token, await keys.current(), options);
  } catch (error) {
    if (!isUnknownKey(error)) throw error;
    const renewed = await keys.renewed();
    if (renewed === null) throw error;
    return verifyBySet(token, renewed, options);
  }
}

function isUnknownKey(error: unknown): boolean {
  return codeOf(error) === 'ERR_JWKS_NO_MATCHING_KEY';
}

/** Code of an error of the library; null of any other. */
function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}

/** Several keys may be meant, where they share a name or the token names none. */
async function verifyByEach(
  token: string,
  keys: AsyncIterable<CryptoKey>,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const { errors, jwtVerify } = await import('jose');
  let tried = 0;
  for await (const key of keys) {
    tried += 1;
    if (tried > MAX_TRIED_KEYS) break;
    try {
      return (await jwtVerify(token, key, options)).payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}

/** The library looks at no time of issue. */
function checkedExpiry({ exp, iat }: JWTPayload, issuer: Issuer, nowSeconds: number): number {
  if (exp === undefined) throw new GatewayError('gateway_failed', 'A token without end was taken.');
  if (iat !== undefined && iat > nowSeconds + issuer.clockSkewSeconds) {
    throw refusal('The token was made in the future, as the clock here tells.', { iat });
  }
  return exp;
}
