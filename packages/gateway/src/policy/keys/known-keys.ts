import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import type { KeyStore } from '../../protocol/store.ts';
import type { FollowStore } from '../follow-store.ts';
import { hashOf } from './new-key.ts';

export type KnownKeysDeps = {
  readonly store: Pick<KeyStore, 'list'>;
  readonly followStore: Pick<FollowStore, 'follow' | 'awayForMs'>;
  /** How long keys serve while the store does not answer. */
  readonly graceMs: () => number;
  readonly nowSeconds: () => number;
};

/** The keys in memory, kept like those in the store: a key made or ended elsewhere holds here within a second. */
export type KnownKeys = {
  /** Loads the keys and begins to follow the store; rejects where it cannot be read. */
  readonly start: () => Promise<void>;
  /**
   * The key of a secret, or null where there is none, it is revoked or has expired. Memory only.
   *
   * @throws GatewayError `store_unavailable`, for any secret, once the store has been away for too long.
   */
  readonly authenticate: (secret: string) => KeyRecord | null;
  /**
   * The same by id, for who was authenticated before.
   *
   * @throws GatewayError `store_unavailable`, likewise.
   */
  readonly stillUsable: (keyId: string) => KeyRecord | null;
  /** By id, also one that ended. */
  readonly find: (keyId: string) => KeyRecord | undefined;
  /** The id under which a key's use is counted: that of the first of the keys that replaced one another. */
  readonly accountOf: (keyId: string) => string;
  readonly all: () => readonly KeyRecord[];
  /** Reads the keys again, after a change made here. */
  readonly reload: () => Promise<void>;
  /** Calls back whenever they were read again. */
  readonly onChange: (listener: () => void) => void;
};

/** Whether a key could be used at a time. */
export function isUsable(key: KeyRecord, nowSeconds: number): boolean {
  return (
    key.revokedAtSeconds === null && nowSeconds < (key.expiresAtSeconds ?? Number.POSITIVE_INFINITY)
  );
}

/** Nothing is read before the first call that has to. */
export function createKnownKeys(deps: KnownKeysDeps): KnownKeys {
  const { store, followStore, graceMs, nowSeconds } = deps;
  let byHash: ReadonlyMap<string, KeyRecord> = new Map();
  let byId: ReadonlyMap<string, KeyRecord> = new Map();
  const listeners: (() => void)[] = [];

  const read = async () => {
    const keys = await store.list();
    byHash = new Map(keys.map((key) => [key.hash, key]));
    byId = new Map(keys.map((key) => [key.id, key]));
    for (const listener of listeners) listener();
  };
  let reload = read;
  const trustMemory = () => {
    if (followStore.awayForMs() > graceMs()) throw storeAway();
  };

  return {
    async start() {
      reload = await followStore.follow('keys', read);
    },
    authenticate(secret) {
      trustMemory();
      const hash = hashOf(secret);
      const key = byHash.get(hash);
      if (!key || !timingSafeEqual(Buffer.from(hash), Buffer.from(key.hash))) return null;
      return isUsable(key, nowSeconds()) ? key : null;
    },
    stillUsable(keyId) {
      trustMemory();
      const key = byId.get(keyId);
      return key && isUsable(key, nowSeconds()) ? key : null;
    },
    find: (keyId) => byId.get(keyId),
    accountOf(keyId) {
      let account = keyId;
      // Each step goes to an older key; the count only guards against a store somebody wrote by hand.
      for (let steps = byId.size; steps > 0; steps--) {
        const before = byId.get(account)?.rotatedFrom ?? null;
        if (before === null) break;
        account = before;
      }
      return account;
    },
    all: () => [...byId.values()],
    reload: () => reload(),
    onChange: (listener) => void listeners.push(listener),
  };
}

function storeAway(): GatewayError {
  return new GatewayError(
    'store_unavailable',
    'The store of the gateway has been away for too long to trust what is known of its keys. Try again later.',
  );
}
