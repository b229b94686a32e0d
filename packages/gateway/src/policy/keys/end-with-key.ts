import { GatewayError } from '../../errors.ts';
import type { KnownKeys } from './known-keys.ts';

/**
 * Ends a run with its key: `cancel` is called when the key is revoked, wherever that was made, until the returned
 * function is called. A run whose key expires or is replaced goes on to its end.
 *
 * @throws GatewayError `key_invalid` where the key is revoked already.
 */
export type EndWithKey = (keyId: string, cancel: (failure: GatewayError) => void) => () => void;

/** Follows the keys of all live runs. */
export function createEndWithKey(known: Pick<KnownKeys, 'find' | 'onChange'>): EndWithKey {
  const live = new Map<(failure: GatewayError) => void, string>();
  const isRevoked = (keyId: string) => (known.find(keyId)?.revokedAtSeconds ?? null) !== null;

  known.onChange(() => {
    for (const [cancel, keyId] of live) if (isRevoked(keyId)) cancel(revoked());
  });
  return (keyId, cancel) => {
    if (isRevoked(keyId)) throw revoked();
    live.set(cancel, keyId);
    return () => live.delete(cancel);
  };
}

function revoked(): GatewayError {
  return new GatewayError('key_invalid', 'The API key was revoked, which ended this run.');
}
