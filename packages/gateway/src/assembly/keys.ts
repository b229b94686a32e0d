import type { Emit } from '../events.ts';
import type { FollowStore } from '../policy/follow-store.ts';
import { createApiKeys } from '../policy/keys/api-keys.ts';
import { effectiveLimits } from '../policy/keys/key-limits.ts';
import { createKnownKeys } from '../policy/keys/known-keys.ts';
import { createManageKeys } from '../policy/keys/manage-keys.ts';
import { createExpiryWarnings } from '../policy/keys/warn-expiring-keys.ts';
import { createBudgets } from '../policy/limits/budgets.ts';
import { createRateLimit } from '../policy/limits/rate-limit.ts';
import { createRunSlots } from '../policy/limits/run-slots.ts';
import type { SecuritySettings } from '../policy/settings.ts';
import type { Store } from '../storage/store.ts';

export type KeyPartsDeps = {
  readonly store: Pick<Store, 'keys' | 'spending' | 'rates' | 'isShared'>;
  readonly followStore: FollowStore;
  readonly security: () => SecuritySettings;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/** The keys of a gateway, and what each of them may use. */
export function createKeyParts({ store, followStore, security, nowSeconds, emit }: KeyPartsDeps) {
  const known = createKnownKeys({
    store: store.keys,
    followStore,
    graceMs: () => security().storeGraceMs,
    nowSeconds,
  });
  const keys = createApiKeys({ store: store.keys, nowSeconds, changed: () => known.reload() });
  const limitsOf = (keyId: string) => {
    const key = known.find(keyId);
    if (!key) return null;
    const limits = effectiveLimits(key.limits, security().limits);
    return { account: known.accountOf(keyId), limits };
  };
  return {
    keys,
    known,
    limitsOf,
    manageKeys: createManageKeys({
      ...{ keys, known, nowSeconds },
      defaultLimits: () => security().limits,
    }),
    budgets: createBudgets({ spending: store.spending, limitsOf, nowSeconds, emit }),
    rateLimit: createRateLimit({
      shared: store.isShared ? store.rates.count : null,
      nowMs: () => nowSeconds() * 1000,
      emit,
    }),
    slots: createRunSlots(),
    expiryWarnings: createExpiryWarnings({ keys: known.all, nowSeconds, emit }),
  };
}
