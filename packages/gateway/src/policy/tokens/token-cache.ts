import { hash } from 'node:crypto';
import type { TokenHolder } from './token-holders.ts';

/** Tokens that were checked a moment ago, by their hash: the tokens themselves are kept nowhere. */
export type TokenCache = {
  readonly idOf: (token: string) => string;
  readonly find: (id: string, nowSeconds: number) => TokenHolder | null;
  readonly put: (id: string, holder: TokenHolder, untilSeconds: number) => void;
  readonly clear: () => void;
};

const MAX_TOKENS = 10_000;

/** The oldest make room. */
export function createTokenCache(most = MAX_TOKENS): TokenCache {
  const checked = new Map<
    string,
    { readonly holder: TokenHolder; readonly untilSeconds: number }
  >();
  return {
    idOf: (token) => hash('sha256', token, 'base64url'),
    find(id, nowSeconds) {
      const found = checked.get(id);
      if (!found) return null;
      if (nowSeconds < found.untilSeconds) return found.holder;
      checked.delete(id);
      return null;
    },
    put(id, holder, untilSeconds) {
      checked.delete(id);
      checked.set(id, { holder, untilSeconds });
      if (checked.size <= most) return;
      const [oldest] = checked.keys();
      if (oldest !== undefined) checked.delete(oldest);
    },
    clear: () => checked.clear(),
  };
}
