import type { Emit } from '../../events.ts';
import type { KeyHolder, KeyLimits } from '../../protocol/policy.ts';
import { isTokenLike } from '../../protocol/security/token-principal.ts';
import { noLimits } from '../limits/key-limits.ts';
import { grantsOf, tightestLimits } from './grants.ts';
import type { Issuer } from './issuer-settings.ts';
import { createKnownIssuers } from './known-issuers.ts';
import type { ReadKeySet } from './read-key-set.ts';
import { createTokenCache } from './token-cache.ts';
import { createTokenHolders, type TokenHolder } from './token-holders.ts';
import { nameIn, tokenPrincipal } from './token-principal.ts';
import { refusal } from './token-refusal.ts';
import { createVerifyToken, type VerifiedToken } from './verify-token.ts';

/** Callers whom an identity provider vouches for. */
export type Tokens = {
  /**
   * Who holds a token: at once where it was checked a moment ago. Null for what is no token, and where no issuer is known.
   *
   * The promise rejects with a GatewayError: `token_invalid`, `not_allowed`, `identity_unavailable`.
   */
  readonly authenticate: (secret: string) => KeyHolder | Promise<KeyHolder> | null;
  /** As its token said last; undefined for one that was not seen since the start. */
  readonly find: (principal: string) => TokenHolder | undefined;
  /** What a principal may use at most; of one of whom nothing is known, the least that its issuer gives. */
  readonly limitsOf: (principal: string) => KeyLimits;
  /** Takes the issuers of new settings, and reads their keys again. */
  readonly replace: (issuers: readonly Issuer[]) => void;
  /** Waits until the keys are read that are being read: from then on nothing is taken that is signed with others. */
  readonly untilRead: () => Promise<void>;
  /** Reads the keys of all issuers, so that what is wrong is said at the start. */
  readonly start: () => void;
};

export type TokensDeps = {
  readonly issuers: readonly Issuer[];
  readonly read: ReadKeySet;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
  /** Longest time that a reading of keys may take. Default 5 s. */
  readonly timeoutMs?: number;
};

/** How long a token is taken without another look at it, where it does not end before. */
const TRUSTED_SECONDS = 300;

/** Reads nothing before `start`, or the first token. */
export function createTokens(deps: TokensDeps): Tokens {
  const { nowSeconds } = deps;
  const cache = createTokenCache();
  const holders = createTokenHolders();
  const checks = new Map<string, Promise<KeyHolder>>();
  const forget = () => {
    cache.clear();
    checks.clear();
  };
  const issuers = createKnownIssuers(deps.issuers, { ...deps, changed: forget });
  const verify = createVerifyToken({ issuerOf: issuers.of, nowSeconds });

  const check = async (token: string, id: string): Promise<KeyHolder> => {
    const verified = await verify(token);
    const seen = holderOf(verified);
    holders.see(seen);
    const untilSeconds = Math.min(verified.expiresAtSeconds, nowSeconds() + TRUSTED_SECONDS);
    // Settings or keys may have changed meanwhile.
    if (verified.isCurrent()) cache.put(id, seen, untilSeconds);
    return seen.holder;
  };

  return {
    authenticate(secret) {
      if (issuers.all().length === 0 || !isTokenLike(secret)) return null;
      const id = cache.idOf(secret);
      const seen = cache.find(id, nowSeconds());
      if (seen) {
        holders.see(seen);
        return seen.holder;
      }
      const checking = checks.get(id) ?? check(secret, id).finally(() => checks.delete(id));
      checks.set(id, checking);
      return checking;
    },
    find: holders.find,
    limitsOf(principal) {
      const seen = holders.find(principal);
      if (seen) return seen.limits;
      const issuer = issuers.named(principal.split(':', 2)[1] ?? '');
      return issuer ? tightestLimits(issuer.settings.grants) : noLimits;
    },
    replace(next) {
      if (issuers.replace(next)) forget();
    },
    async untilRead() {
      await Promise.all(issuers.all().map(({ keys }) => keys.untilRead()));
    },
    start() {
      for (const { keys } of issuers.all()) void keys.refresh();
    },
  };
}

/** @throws GatewayError `token_invalid` where nobody can be known by it, `not_allowed` where it gives no role. */
function holderOf({ issuer, claims, expiresAtSeconds }: VerifiedToken): TokenHolder {
  const keyId = tokenPrincipal(issuer.name, claims.sub);
  if (keyId === null) {
    throw refusal(
      'The subject (`sub`) of the token is empty, longer than 255 characters or no text.',
    );
  }
  const { limits, ...reach } = grantsOf(claims, issuer.grants);
  const keyName = nameIn(claims, keyId);
  const token = { issuer: issuer.name, expiresAtSeconds };
  return { holder: { keyId, keyName, ...reach, token }, limits };
}
