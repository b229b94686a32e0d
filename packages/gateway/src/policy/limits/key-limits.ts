import { type KeyLimits, keyLimits } from '../../protocol/policy.ts';

/** What holds for a key, or a user by its account, and where its use is counted; null for what has no limits. */
export type LimitsOf = (
  keyId: string,
) => { readonly account: string; readonly limits: KeyLimits } | null;

/** What holds for a key: its own limits, and the defaults for those that it leaves open. */
export function effectiveLimits(own: KeyLimits, defaults: KeyLimits): KeyLimits {
  return keyLimits((name) => own[name] ?? defaults[name]);
}

/** A key that may use anything, and that nothing is counted of. */
export const noLimits: KeyLimits = keyLimits(() => null);
