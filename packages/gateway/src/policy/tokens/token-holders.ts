import type { KeyHolder, KeyLimits } from '../../protocol/policy.ts';

/** A caller with a token, and the limits that its claims gave. */
export type TokenHolder = { readonly holder: KeyHolder; readonly limits: KeyLimits };

/** Callers with a token as they were known last. What is kept of them is what rules and limits ask for by principal. */
export type TokenHolders = {
  readonly see: (seen: TokenHolder) => void;
  readonly find: (principal: string) => TokenHolder | undefined;
};

/** A caller takes about 500 bytes. */
const MAX_HOLDERS = 20_000;

/** Those who were seen longest ago make room. */
export function createTokenHolders(most = MAX_HOLDERS): TokenHolders {
  const holders = new Map<string, TokenHolder>();
  return {
    see(seen) {
      const { keyId } = seen.holder;
      holders.delete(keyId);
      holders.set(keyId, seen);
      if (holders.size <= most) return;
      const [oldest] = holders.keys();
      if (oldest !== undefined) holders.delete(oldest);
    },
    find: (principal) => holders.get(principal),
  };
}
