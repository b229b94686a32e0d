import { randomBytes } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { SessionRecord, SessionStore } from '../../protocol/console/session-store.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import { holderOf, localHolder } from '../keys/identify.ts';
import type { KnownKeys } from '../keys/known-keys.ts';
import { hashOf } from '../keys/new-key.ts';

/** Where sessions and links are: what ends with this process first. */
export type Stores = readonly [memory: SessionStore, store: SessionStore];

/** Where those of a holder are kept: the command line's end with the gateway, as its token does. */
export function storeOf([memory, store]: Stores, { keyId }: KeyHolder): SessionStore {
  return keyId === localHolder.keyId ? memory : store;
}

/** A record, and where it is. */
export type Found = { readonly record: SessionRecord; readonly store: SessionStore };

/** What there is of a hash. */
export async function findIn(stores: Stores, hash: string): Promise<Found | null> {
  for (const store of stores) {
    const record = await store.find(hash);
    if (record) return { record, store };
  }
  return null;
}

/** 256 random bits. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** A record of a secret that holds for some seconds. */
export function newRecord(
  kind: SessionRecord['kind'],
  made: {
    readonly secret: string;
    readonly holder: KeyHolder;
    readonly seconds: number;
    readonly nowSeconds: number;
  },
): SessionRecord {
  return {
    hash: hashOf(made.secret),
    kind,
    keyId: made.holder.keyId,
    createdAtSeconds: made.nowSeconds,
    lastUsedAtSeconds: made.nowSeconds,
    endsAtSeconds: made.nowSeconds + made.seconds,
  };
}

/** Who holds a key that was known before; null where it ended. @throws GatewayError `store_unavailable` */
export function holderById(known: Pick<KnownKeys, 'stillUsable'>, keyId: string): KeyHolder | null {
  if (keyId === localHolder.keyId) return localHolder;
  const key = known.stillUsable(keyId);
  return key && holderOf(key);
}

/** What is told where the key of a login or a link ended. */
export function keyEnded(): GatewayError {
  return new GatewayError(
    'key_invalid',
    'The key of this login was revoked or has expired. Log in to the console with another key.',
  );
}
