import { GatewayError } from '../../errors.ts';
import type { Actor, KeyLimits, KeyRecord } from '../../protocol/policy.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import type { RunLimits } from '../../protocol/usage/run-limits.ts';
import { effectiveLimits, noLimits } from '../limits/key-limits.ts';
import { type ApiKeys, type MadeKey, nameTaken } from './api-keys.ts';
import { checkKeyReach, isWithinReach, type Reach } from './key-reach.ts';
import { isUsable, type KnownKeys } from './known-keys.ts';
import { type NewKey, newKeyRecord } from './new-key.ts';

/**
 * The keys as those see and change them who may administer keys at all. Nobody sees, makes or ends a key that reaches
 * further than its own; what lies beyond is answered as if it were not there.
 *
 * Methods throw GatewayError `not_allowed`, `record_not_found`, `invalid_value`, or the store's own error.
 */
export type ManageKeys = {
  readonly list: (manager: Actor) => Promise<readonly KeyRecord[]>;
  readonly create: (manager: Actor, key: Omit<NewKey, 'createdBy'>) => Promise<MadeKey>;
  readonly rotate: (
    manager: Actor,
    keyId: string,
    options: { readonly overlapSeconds: number },
  ) => Promise<MadeKey>;
  /**
   * Gives a key other limits, none above those of who asks.
   *
   * @returns The key as it is now.
   */
  readonly setLimits: (manager: Actor, keyId: string, changes: LimitChanges) => Promise<KeyRecord>;
  /** @returns The key as it was; ended before counts as done. */
  readonly revoke: (manager: Actor, keyId: string) => Promise<KeyRecord>;
};

/** Limits that are to be others; what is absent stays as it is. */
export type LimitChanges = {
  readonly limits?: Partial<KeyLimits>;
  readonly runLimits?: RunLimits | null;
};

export type ManageKeysDeps = {
  readonly keys: ApiKeys;
  readonly known: Pick<KnownKeys, 'find'>;
  /** Of a caller with a token. */
  readonly limitsOfToken: (principal: string) => KeyLimits;
  readonly defaultLimits: () => KeyLimits;
  readonly defaultRunLimits: () => RunLimits;
  readonly nowSeconds: () => number;
};

/** Puts the reach of whoever asks before every change. */
export function createManageKeys(deps: ManageKeysDeps): ManageKeys {
  const { keys, nowSeconds } = deps;
  const reachOf = (key: Reach): Reach => ({
    ...key,
    limits: effectiveLimits(key.limits, deps.defaultLimits()),
    runLimits: { ...deps.defaultRunLimits(), ...key.runLimits },
  });
  const ownReach = ({ id, principal }: Actor): Reach => {
    const own = deps.known.find(id);
    if (own) return reachOf(own);
    const reach = { ...principal, expiresAtSeconds: null, runLimits: null };
    // A token ends within hours, and whoever has it gets the next one: the keys they make may last.
    if (isOfTokens(id)) return reachOf({ ...reach, limits: deps.limitsOfToken(id) });
    return { ...reach, limits: noLimits };
  };
  const reachable = async ({ principal }: Actor, keyId: string): Promise<KeyRecord> => {
    const key = (await keys.list()).find(({ id }) => id === keyId);
    if (key && isWithinReach(principal, key)) return key;
    throw noSuchKey();
  };

  return {
    async list({ principal }) {
      return (await keys.list()).filter((key) => isWithinReach(principal, key));
    },
    async create(manager, wanted) {
      const key = { ...wanted, createdBy: manager.id };
      checkKeyReach(ownReach(manager), reachOf(newKeyRecord(key, '', nowSeconds())));
      // Rules name keys by name: a second one of a name would take over what was allowed to the first.
      const isTaken = (other: KeyRecord) =>
        other.name === key.name && isUsable(other, nowSeconds());
      if (!(await keys.list()).some(isTaken)) return keys.create(key);
      throw nameTaken();
    },
    async rotate(manager, keyId, { overlapSeconds }) {
      const old = await reachable(manager, keyId);
      const life =
        old.expiresAtSeconds === null ? null : old.expiresAtSeconds - old.createdAtSeconds;
      const expiresAtSeconds = life === null ? null : Math.floor(nowSeconds()) + life;
      checkKeyReach(ownReach(manager), reachOf({ ...old, expiresAtSeconds }));
      return keys.rotate(keyId, { overlapSeconds, createdBy: manager.id });
    },
    async setLimits(manager, keyId, { limits, runLimits }) {
      const key = await reachable(manager, keyId);
      const wanted = {
        ...key,
        limits: { ...key.limits, ...limits },
        runLimits: runLimits === undefined ? key.runLimits : runLimits,
      };
      checkKeyReach(ownReach(manager), reachOf(wanted));
      if (!isUsable(key, nowSeconds()) || !(await keys.setLimits(keyId, wanted))) throw hasEnded();
      return wanted;
    },
    async revoke(manager, keyId) {
      const key = await reachable(manager, keyId);
      await keys.revoke(keyId);
      return key;
    },
  };
}

function noSuchKey(): GatewayError {
  return new GatewayError(
    'record_not_found',
    'There is no such key. List the keys to see their ids.',
  );
}

function hasEnded(): GatewayError {
  return new GatewayError(
    'invalid_value',
    'A key that is revoked or has expired has no use for limits. Make a new one.',
  );
}
