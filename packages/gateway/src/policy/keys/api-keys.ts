import { GatewayError } from '../../errors.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import { securityLimits } from '../../protocol/security/security-limits.ts';
import type { KeyStore } from '../../protocol/store.ts';
import { isUsable } from './known-keys.ts';
import {
  hashOf,
  isSecret,
  type NewKey,
  newKeyRecord,
  newSecret,
  rotatedRecord,
} from './new-key.ts';

/** What the keys need of a store and a clock. */
export type ApiKeyDeps = {
  readonly store: Pick<
    KeyStore,
    'list' | 'insert' | 'insertNamed' | 'rotate' | 'setLimits' | 'revoke'
  >;
  nowSeconds(): number;
  /** Called after every change; what is in memory is like the store once it resolves. */
  changed?(): Promise<void>;
};

/** A key and its secret, which nobody knows afterwards but whoever gets this answer. */
export type MadeKey = { readonly record: KeyRecord; readonly secret: string };

/** The API keys of a store. A change is durable, and holds in this process, when its promise resolves. */
export type ApiKeys = {
  /** @throws GatewayError `invalid_value` where another key that can be used was created with this name. */
  create(key: NewKey): Promise<MadeKey>;
  /**
   * Makes a key of a secret that is known already. One that is there is left as it is.
   *
   * @throws GatewayError `invalid_value` where the secret has not the form of one, or belongs to a key that ended.
   */
  register(secret: string, key: NewKey): Promise<KeyRecord>;
  /**
   * Makes a key in place of another, alike in all but its secret and id; the other ends after an overlap.
   *
   * @throws GatewayError `record_not_found`, or `invalid_value` where the other has ended or the overlap cannot be.
   */
  rotate(keyId: string, options: RotateOptions): Promise<MadeKey>;
  /** Gives a key other limits, which hold from its next request on. False where there is no such key or it is revoked. */
  setLimits(keyId: string, limits: Pick<KeyRecord, 'limits' | 'runLimits'>): Promise<boolean>;
  /** False where there is no such key or it is revoked. */
  revoke(keyId: string): Promise<boolean>;
  /** Every key in the store, revoked and expired ones included. */
  list(): Promise<readonly KeyRecord[]>;
  /** Whether any key in the store could be used now. */
  hasUsableKey(): Promise<boolean>;
};

export type RotateOptions = {
  /** How long the old key goes on working: 0 ends it at once, 30 days at most. */
  readonly overlapSeconds: number;
  /** Who rotates: `cli:<os user>`, or a key id. */
  readonly createdBy: string;
};

/** Makes the keys over a store. */
export function createApiKeys(deps: ApiKeyDeps): ApiKeys {
  const { store, nowSeconds, changed = async () => {} } = deps;

  const insert = async (
    secret: string,
    key: NewKey,
    into: (record: KeyRecord) => Promise<boolean>,
  ): Promise<KeyRecord | null> => {
    const record = newKeyRecord(key, hashOf(secret), nowSeconds());
    const inserted = await into(record);
    // The key is durable and its secret known here only: it must not get lost where reading again fails.
    await changed().catch(() => {});
    return inserted ? record : null;
  };

  const following = followedBy(changed);

  return {
    async create(key) {
      const secret = newSecret();
      const record = await insert(secret, key, (made) => store.insertNamed(made, nowSeconds()));
      if (record) return { record, secret };
      throw nameTaken();
    },
    async register(secret, key) {
      if (!isSecret(secret)) throw invalid('This is no API key: one begins with `dg_`.');
      const hash = hashOf(secret);
      const inserted = await insert(secret, key, (made) => store.insert(made));
      const record = inserted ?? (await store.list()).find((known) => known.hash === hash);
      if (record && isUsable(record, nowSeconds())) return record;
      throw invalid('This API key is revoked or has expired.');
    },
    async rotate(keyId, options) {
      const overlapSeconds = checkedOverlap(options.overlapSeconds);
      const all = await store.list();
      const old = all.find(({ id }) => id === keyId);
      if (!old) throw new GatewayError('record_not_found', 'There is no such key.');
      refuseRotated(all, keyId);
      const now = Math.floor(nowSeconds());
      const secret = newSecret();
      const record = rotatedRecord(old, {
        hash: hashOf(secret),
        createdBy: options.createdBy,
        nowSeconds: now,
      });
      const oldEndsAtSeconds = now + overlapSeconds;
      const isRotated = await store.rotate(record, { oldEndsAtSeconds, nowSeconds: now });
      await changed().catch(() => {});
      if (isRotated) return { record, secret };
      refuseRotated(await store.list(), keyId);
      throw invalid('A key that is revoked or has expired cannot be rotated. Make a new one.');
    },
    setLimits: (keyId, limits) => following(store.setLimits(keyId, limits)),
    revoke: (keyId) => following(store.revoke(keyId, Math.floor(nowSeconds()))),
    list: () => store.list(),
    hasUsableKey: async () => (await store.list()).some((key) => isUsable(key, nowSeconds())),
  };
}

/** Waits for a change, and until it holds here. */
function followedBy(changed: () => Promise<void>) {
  return async (change: Promise<boolean>): Promise<boolean> => {
    const isDone = await change;
    await changed();
    return isDone;
  };
}

/** That a key of this name is in use. */
export function nameTaken(): GatewayError {
  const message = 'A key of this name is in use. Choose another name.';
  return new GatewayError('invalid_value', message, { param: 'name' });
}

function refuseRotated(all: readonly KeyRecord[], keyId: string): void {
  const next = all.find(({ rotatedFrom }) => rotatedFrom === keyId);
  if (next) throw invalid(`This key was rotated before. Rotate its successor, ${next.id}.`);
}

function checkedOverlap(seconds: number): number {
  const { overlapSeconds: longest } = securityLimits;
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= longest) return seconds;
  throw new GatewayError('invalid_value', `The overlap is 0 to ${longest} seconds (30 days).`, {
    param: 'overlap_seconds',
  });
}

function invalid(message: string): GatewayError {
  return new GatewayError('invalid_value', message);
}
