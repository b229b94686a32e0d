import type { KeyLimits, Role } from '../../protocol/policy.ts';

/** Ways to sign that are taken: with a private key, so that nobody who can check a signature can make one. */
export const signatureAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** Who makes tokens, and what they are good for here: an entry of `auth.jwt`. */
export type Issuer = {
  /** In principals: `oidc:<name>:<subject>`. */
  readonly name: string;
  /** `iss` of its tokens, letter by letter. */
  readonly issuer: string;
  /** One of them is in `aud`. */
  readonly audiences: readonly string[];
  readonly keys: KeySource;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly clockSkewSeconds: number;
  /** How long keys serve on that cannot be read again. */
  readonly keysMaxAgeSeconds: number;
  readonly grants: GrantSettings;
};

/** Where the public keys of an issuer are read: an address, or a file by its absolute path. */
export type KeySource =
  | {
      readonly type: 'url';
      readonly url: string;
      /** Private addresses and networks that it may lie at. */
      readonly allowAddresses: readonly string[];
    }
  | { readonly type: 'file'; readonly file: string };

/** A value that every token of an issuer is given, or that its claims decide. */
export type Given<Value> =
  | { readonly type: 'fixed'; readonly value: Value }
  | {
      readonly type: 'claim';
      readonly claim: string;
      /** By the values of the claim. */
      readonly map: Readonly<Record<string, Value>>;
      /** Where none of them fits; undefined gives nothing. */
      readonly otherwise: Value | undefined;
    };

/** What callers are given. Null is without limit, as it is for keys. */
export type GrantSettings = {
  readonly role: Given<Role>;
  readonly namespaces: Given<readonly string[]> | null;
  readonly agents: Given<readonly string[]> | null;
  /** What is absent is as `security.limits` says. */
  readonly limits: { readonly [Name in keyof KeyLimits]?: Given<number> };
};
