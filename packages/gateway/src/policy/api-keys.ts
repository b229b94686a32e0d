import { timingSafeEqual } from 'node:crypto';
import { GatewayError } from '../errors.ts';
import type { Emit } from '../events.ts';
import type { KeyRecord } from '../protocol/policy.ts';
import { hashOf, isSecret, type NewKey, newRecord, newSecret } from './new-key.ts';

/** What the keys need of a store, a clock and the events. */
export type ApiKeyDeps = {
  readonly store: {
    list(): Promise<readonly KeyRecord[]>;
    insert(record: KeyRecord): Promise<boolean>;
    revoke(keyId: string, atSeconds: number): Promise<boolean>;
  };
  /** A number that differs when another process may have changed a key. */
  version(): Promise<number>;
  nowSeconds(): number;
  readonly emit: Emit;
};

/** The API keys of a gateway. Changes made here hold at once, those of other processes within a second. */
export type ApiKeys = {
  /** Loads the keys and begins to follow the store. */
  start(): Promise<void>;
  /** The key of a secret, or null where there is none, it is revoked or has expired. Memory only. */
  authenticate(secret: string): KeyRecord | null;
  /** Makes a key; its secret is known to nobody afterwards but whoever gets this answer. */
  create(key: NewKey): Promise<{ readonly record: KeyRecord; readonly secret: string }>;
  /**
   * Makes a key of a secret that is known already. One that is there is left as it is.
   *
   * @throws GatewayError `invalid_value` where the secret has not the form of one, or belongs to a key that ended.
   */
  register(secret: string, key: NewKey): Promise<KeyRecord>;
  /** False where there is no such key or it is revoked. */
  revoke(keyId: string): Promise<boolean>;
  /** Every key in the store, revoked and expired ones included. */
  list(): Promise<readonly KeyRecord[]>;
  /** Whether any key in the store could be used now. */
  hasUsableKey(): Promise<boolean>;
  close(): void;
};

/** How often the store is asked whether another process changed something. */
const FOLLOW_INTERVAL_MS = 250;

/** Makes the keys over a store. Nothing is read before the first call that has to. */
export function createApiKeys(deps: ApiKeyDeps): ApiKeys {
  const { store, nowSeconds } = deps;
  const known = createKnownKeys(deps);

  const isUsable = (key: KeyRecord) =>
    key.revokedAtSeconds === null &&
    nowSeconds() < (key.expiresAtSeconds ?? Number.POSITIVE_INFINITY);

  const insert = async (secret: string, key: NewKey): Promise<KeyRecord | null> => {
    const record = newRecord(key, hashOf(secret), nowSeconds());
    const inserted = await store.insert(record);
    await known.reload();
    return inserted ? record : null;
  };

  return {
    start: () => known.follow(),
    authenticate(secret) {
      const hash = hashOf(secret);
      const key = known.byHash(hash);
      if (!key || !timingSafeEqual(Buffer.from(hash), Buffer.from(key.hash))) return null;
      return isUsable(key) ? key : null;
    },
    async create(key) {
      const secret = newSecret();
      const record = await insert(secret, key);
      if (record) return { record, secret };
      throw new Error('A fresh key met a stored one: the random numbers are broken.');
    },
    async register(secret, key) {
      if (!isSecret(secret)) throw invalid('This is no API key: one begins with `dg_`.');
      const inserted = await insert(secret, key);
      const record = inserted ?? known.byHash(hashOf(secret));
      if (record && isUsable(record)) return record;
      throw invalid('This API key is revoked or has expired.');
    },
    async revoke(keyId) {
      const revoked = await store.revoke(keyId, Math.floor(nowSeconds()));
      await known.reload();
      return revoked;
    },
    list: () => store.list(),
    hasUsableKey: async () => (await store.list()).some(isUsable),
    close: () => known.close(),
  };
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_value', message);
}

/** The keys in memory, kept like those in the store. */
type KnownKeys = {
  byHash(hash: string): KeyRecord | undefined;
  reload(): Promise<void>;
  follow(): Promise<void>;
  close(): void;
};

function createKnownKeys({ store, version, emit }: ApiKeyDeps): KnownKeys {
  let keys: ReadonlyMap<string, KeyRecord> = new Map();
  let seenVersion: number | null = null;
  let reloading: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | null = null;
  let isClosed = false;
  let isStoreAway = false;

  // One after the other: a list read before a change must never replace one read after it.
  const reload = (): Promise<void> => {
    const next = reloading.then(async () => {
      const versionBefore = await version();
      keys = new Map((await store.list()).map((key) => [key.hash, key]));
      seenVersion = versionBefore;
    });
    reloading = next.catch(() => undefined);
    return next;
  };

  const askLater = () => {
    if (!isClosed) timer = setTimeout(ask, FOLLOW_INTERVAL_MS).unref();
  };

  const ask = async (): Promise<void> => {
    try {
      if ((await version()) !== seenVersion && !isClosed) await reload();
      isStoreAway = false;
    } catch (error) {
      // The keys known so far go on working; one word about it is enough.
      if (!isClosed && !isStoreAway) emit({ type: 'fault_survived', where: 'api keys', error });
      isStoreAway = true;
    }
    askLater();
  };

  return {
    byHash: (hash) => keys.get(hash),
    reload,
    async follow() {
      await reload();
      askLater();
    },
    close() {
      isClosed = true;
      if (timer) clearTimeout(timer);
    },
  };
}
