import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { KnownKeys } from './known-keys.ts';

/**
 * Ends a run with its key: `cancel` is called when the key is revoked, wherever that was made, until the returned
 * function is called. A run whose key expires or is replaced goes on to its end.
 *
 * @throws GatewayError `key_invalid` where the key is revoked already.
 */
export type EndWithKey = (caller: RunOf, cancel: (failure: GatewayError) => void) => () => void;

type RunOf = Pick<Caller, 'keyId' | 'user'>;

/** Live runs, by whose they are. */
export type RunsOfKeys = {
  readonly endWithKey: EndWithKey;
  /** Cancels those that fit. @returns How many. */
  readonly end: (fits: (caller: RunOf) => boolean, failure: GatewayError) => number;
  readonly count: (fits: (caller: RunOf) => boolean) => number;
};

/** Follows the keys of all live runs. */
export function createRunsOfKeys(known: Pick<KnownKeys, 'find' | 'onChange'>): RunsOfKeys {
  const live = new Map<(failure: GatewayError) => void, RunOf>();
  const isRevoked = (keyId: string) => (known.find(keyId)?.revokedAtSeconds ?? null) !== null;

  known.onChange(() => {
    for (const [cancel, { keyId }] of live) if (isRevoked(keyId)) cancel(revoked());
  });
  const fitting = (fits: (caller: RunOf) => boolean) =>
    [...live].flatMap(([cancel, caller]) => (fits(caller) ? [cancel] : []));
  return {
    endWithKey(caller, cancel) {
      if (isRevoked(caller.keyId)) throw revoked();
      live.set(cancel, caller);
      return () => live.delete(cancel);
    },
    end(fits, failure) {
      const cancels = fitting(fits);
      for (const cancel of cancels) cancel(failure);
      return cancels.length;
    },
    count: (fits) => fitting(fits).length,
  };
}

function revoked(): GatewayError {
  return new GatewayError('key_invalid', 'The API key was revoked, which ended this run.');
}
