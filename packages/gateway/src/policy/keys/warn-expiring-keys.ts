import type { Emit } from '../../events.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import { isUsable } from './known-keys.ts';

const WARN_BEFORE_SECONDS = 7 * 86_400;
const WARN_AGAIN_SECONDS = 86_400;
const CHECK_INTERVAL_MS = 600_000;

export type ExpiryWarnings = {
  /** Looks at the keys now; happens by itself every ten minutes once started. */
  readonly check: () => void;
  readonly start: () => void;
  readonly close: () => void;
};

/** Says `key_expiring` once a day of each key that ends within a week and has no successor. */
export function createExpiryWarnings(deps: {
  readonly keys: () => readonly KeyRecord[];
  readonly nowSeconds: () => number;
  readonly emit: Emit;
}): ExpiryWarnings {
  let warnedAtSeconds: ReadonlyMap<string, number> = new Map();
  let timer: NodeJS.Timeout | null = null;

  function check(): void {
    const now = deps.nowSeconds();
    const keys = deps.keys();
    const replaced = new Set(keys.map(({ rotatedFrom }) => rotatedFrom));
    const warned = new Map<string, number>();
    for (const key of keys) {
      const endsAt = key.expiresAtSeconds;
      if (endsAt === null || endsAt - now > WARN_BEFORE_SECONDS) continue;
      if (replaced.has(key.id) || !isUsable(key, now)) continue;
      const lastAt = warnedAtSeconds.get(key.id);
      const isDue = lastAt === undefined || now - lastAt >= WARN_AGAIN_SECONDS;
      warned.set(key.id, isDue ? now : lastAt);
      if (!isDue) continue;
      const { id: keyId, name: keyName } = key;
      deps.emit({ type: 'key_expiring', keyId, keyName, expiresAtSeconds: endsAt });
    }
    warnedAtSeconds = warned;
  }

  return {
    check,
    start() {
      check();
      timer = setInterval(check, CHECK_INTERVAL_MS).unref();
    },
    close() {
      if (timer) clearInterval(timer);
    },
  };
}
