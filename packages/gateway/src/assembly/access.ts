import type { GatewayEvent } from '../events.ts';
import { administration } from '../http/routes.ts';
import { createFollowStore } from '../policy/follow-store.ts';
import { createApiKeys } from '../policy/keys/api-keys.ts';
import { createKnownKeys, isUsable, type KnownKeys } from '../policy/keys/known-keys.ts';
import { createManageKeys } from '../policy/keys/manage-keys.ts';
import { createExpiryWarnings } from '../policy/keys/warn-expiring-keys.ts';
import { moneyUnit } from '../policy/limits/budget-units.ts';
import { type BudgetDeps, createBudgets } from '../policy/limits/budgets.ts';
import { effectiveLimits, type LimitsOf } from '../policy/limits/key-limits.ts';
import { createRateLimit } from '../policy/limits/rate-limit.ts';
import { createRunSlots } from '../policy/limits/run-slots.ts';
import { createLivePolicy } from '../policy/live-policy.ts';
import { createSessions } from '../policy/sessions/sessions.ts';
import type { SecuritySettings } from '../policy/settings.ts';
import { createReadKeySet } from '../policy/tokens/read-key-set.ts';
import { createTokens, type Tokens } from '../policy/tokens/tokens.ts';
import { createNameUsers } from '../policy/users/name-users.ts';
import type { KeyRecord } from '../protocol/policy.ts';
import { isOfTokens } from '../protocol/security/token-principal.ts';
import { isOfUsers } from '../protocol/security/user-principal.ts';
import type { Foundation } from './foundation.ts';
import { createReloadSettings } from './reload-settings.ts';
import { createReportSettings, type ReportSettings } from './report-settings.ts';
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
  const followStore = createFollowStore({ store, steadyMs: () => performance.now(), emit });
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
  const keys = createApiKeys({ store: store.keys, nowSeconds, changed: known.reload });
  const tokens = createTokenCallers(parts);
  const limitsOf = createLimitsOf({ known, tokens, security });
  const reportSettings = createReportSettings({ live, emit });
  tools.onChange(() => reportSettings.toolsChanged(tools.problems()));
  parts.listen(reportIssuers(reportSettings));
  policy.onChange((part) => emit({ type: 'policy_changed', part }));
  known.onChange(() => emit({ type: 'policy_changed', part: 'keys' }));
  return {
    followStore,
    policy,
    tokens,
    reportSettings,
    reloadSettings: createReloadSettings({
      live,
      upstreams,
      tools,
      policy,
      tokens,
      report: reportSettings,
      emit,
    }),
    keys,
    known,
    limitsOf,
    users: createUsers(parts, known),
    sessions: createLogins(parts, known),
    manageKeys: createManageKeys({
      keys,
      known,
      nowSeconds,
      limitsOfToken: tokens.limitsOf,
      defaultLimits: () => security().limits,
      defaultRunLimits: () => security().runLimits,
    }),
    ...createKeyBudgets({ spending: store.spending, limitsOf, nowSeconds, emit }, () =>
      usableKeys(known.all(), nowSeconds()),
    ),
    rateLimit: createSharedRateLimit(parts),
    slots: createRunSlots(),
    expiryWarnings: createExpiryWarnings({ keys: known.all, nowSeconds, emit }),
  };
}

/** Callers with a token, the keys of whose issuers are asked for as tools ask servers outside: within bounds. */
function createTokenCallers(parts: Foundation & Tools): Tokens {
  return createTokens({
    issuers: parts.config.issuers,
    read: createReadKeySet(parts.outbound.fetch),
    nowSeconds: parts.nowSeconds,
    emit: parts.emit,
  });
}

/** The users of keys that forward them. */
function createUsers({ live, nowSeconds }: Foundation, { accountOf }: KnownKeys) {
  return createNameUsers({ settings: () => live.current().users, accountOf, nowSeconds });
}

/** Logins of the console. */
function createLogins({ store, live, nowSeconds, emit }: Foundation, known: KnownKeys) {
  const times = () => live.current().console;
  return createSessions({ store: store.sessions, known, times, nowSeconds, emit });
}

function reportIssuers({ issuerChanged }: Pick<ReportSettings, 'issuerChanged'>) {
  return (event: GatewayEvent) => {
    if (event.type === 'issuer_keys_failed') issuerChanged(event.issuer, event.error);
    if (event.type === 'issuer_keys_read') issuerChanged(event.issuer, null);
  };
}

/** What holds for a key, for a caller with a token, or for a user of a key by its account. */
function createLimitsOf({
  known,
  tokens,
  security,
}: {
  readonly known: KnownKeys;
  readonly tokens: Pick<Tokens, 'limitsOf'>;
  readonly security: () => Pick<SecuritySettings, 'limits' | 'userLimits'>;
}): LimitsOf {
  const defaults = () => security().limits;
  return (keyId) => {
    if (isOfUsers(keyId)) return { account: keyId, limits: security().userLimits };
    if (isOfTokens(keyId)) {
      return { account: keyId, limits: effectiveLimits(tokens.limitsOf(keyId), defaults()) };
    }
    const key = known.find(keyId);
    if (!key) return null;
    return { account: known.accountOf(keyId), limits: effectiveLimits(key.limits, defaults()) };
  };
}

function createSharedRateLimit({ store, emit }: Foundation) {
  const shared = store.isShared ? store.rates.count : null;
  return createRateLimit({ shared, nowMs: Date.now, emit });
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
