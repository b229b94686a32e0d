import { administration } from '../http/routes.ts';
import { createFollowStore } from '../policy/follow-store.ts';
import { createApiKeys } from '../policy/keys/api-keys.ts';
import { createKnownKeys, isUsable } from '../policy/keys/known-keys.ts';
import { createManageKeys } from '../policy/keys/manage-keys.ts';
import { createExpiryWarnings } from '../policy/keys/warn-expiring-keys.ts';
import { moneyUnit } from '../policy/limits/budget-units.ts';
import { type BudgetDeps, createBudgets } from '../policy/limits/budgets.ts';
import { effectiveLimits } from '../policy/limits/key-limits.ts';
import { createRateLimit } from '../policy/limits/rate-limit.ts';
import { createRunSlots } from '../policy/limits/run-slots.ts';
import { createLivePolicy } from '../policy/live-policy.ts';
import type { KeyRecord } from '../protocol/policy.ts';
import type { Foundation } from './foundation.ts';
import { createReloadSettings } from './reload-settings.ts';
import { createReportSettings } from './report-settings.ts';
import type { Tools } from './tools/tools.ts';

/** Who may do what, and how much of it. */
export type Access = ReturnType<typeof createAccess>;

/** Ids of the keys that can be used. */
function usableKeys(keys: readonly KeyRecord[], nowSeconds: number): string[] {
  return keys.filter((key) => isUsable(key, nowSeconds)).map(({ id }) => id);
}

/** The rules that hold, the keys, and what each key may use. */
export function createAccess(parts: Foundation & Tools) {
  const { config, live, upstreams, tools, store, nowSeconds, emit } = parts;
  const security = () => live.current().security;
  const followStore = createFollowStore({ store, nowMs: Date.now, emit });
  const policy = createLivePolicy({
    settings: config.security,
    administration,
    overrides: store.overrides,
    followStore,
    nowSeconds,
  });
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
  const reportSettings = createReportSettings({ live, emit });
  tools.onChange(() => reportSettings.toolsChanged(tools.problems()));
  return {
    followStore,
    policy,
    reportSettings,
    reloadSettings: createReloadSettings({
      live,
      upstreams,
      tools,
      policy,
      report: reportSettings,
      emit,
    }),
    keys,
    known,
    limitsOf,
    manageKeys: createManageKeys({
      keys,
      known,
      nowSeconds,
      defaultLimits: () => security().limits,
      defaultRunLimits: () => security().runLimits,
    }),
    ...createKeyBudgets({ spending: store.spending, limitsOf, nowSeconds, emit }, () =>
      usableKeys(known.all(), nowSeconds()),
    ),
    rateLimit: createRateLimit({
      shared: store.isShared ? store.rates.count : null,
      nowMs: Date.now,
      emit,
    }),
    slots: createRunSlots(),
    expiryWarnings: createExpiryWarnings({ keys: known.all, nowSeconds, emit }),
  };
}

/** What keys may spend, in tokens and in money. */
function createKeyBudgets(deps: BudgetDeps, usable: () => readonly string[]) {
  const budgets = createBudgets(deps);
  const moneyBudgets = createBudgets(deps, moneyUnit);
  return {
    budgets,
    moneyBudgets,
    async checkBudgets(keyId: string) {
      await budgets.check(keyId);
      await moneyBudgets.check(keyId);
    },
    budgetsLeft: (of: 'tokens' | 'money') =>
      (of === 'tokens' ? budgets : moneyBudgets).left(usable()),
  };
}
