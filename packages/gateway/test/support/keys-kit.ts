import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GatewayEvent } from '../../src/events.ts';
import { createFollowStore } from '../../src/policy/follow-store.ts';
import { type ApiKeys, createApiKeys } from '../../src/policy/keys/api-keys.ts';
import { createKnownKeys, type KnownKeys } from '../../src/policy/keys/known-keys.ts';
import type { Store } from '../../src/protocol/store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { StoreError } from '../../src/storage/store-error.ts';

/** Keys over a store of their own in a folder: what one gateway holds. Closed when the test is over. */
export type KeysKit = {
  readonly keys: ApiKeys;
  readonly known: KnownKeys;
  readonly store: Store;
  readonly told: GatewayEvent[];
  /** Takes the store away, and brings it back. */
  readonly setAway: (isAway: boolean) => void;
};

/** A clock that stands still at 1,000,000 s until the test moves it. */
export type Clock = { seconds: number };

/** Opens the keys of a folder. Two kits on one folder are two gateways. */
export async function openKeys(
  folder: string,
  clock: Clock = { seconds: 1_000_000 },
): Promise<KeysKit> {
  const opened = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
  let isAway = false;
  const told: GatewayEvent[] = [];
  const reach = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (isAway) throw new StoreError('The store is away.');
    return work();
  };
  const store: Store = {
    ...opened,
    versions: () => reach(() => opened.versions()),
    keys: { ...opened.keys, list: () => reach(() => opened.keys.list()) },
  };
  const followStore = createFollowStore({
    store,
    steadyMs: () => clock.seconds * 1000,
    emit: (event) => told.push(event),
  });
  const nowSeconds = () => clock.seconds;
  const graceMs = () => 300_000;
  const known = createKnownKeys({ store: store.keys, followStore, graceMs, nowSeconds });
  onTestFinished(async () => {
    followStore.close();
    await opened.close();
  });
  return {
    known,
    store,
    told,
    keys: createApiKeys({ store: store.keys, nowSeconds, changed: known.reload }),
    setAway(away) {
      isAway = away;
    },
  };
}
