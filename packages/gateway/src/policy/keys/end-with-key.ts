import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import { type Run, whenOver } from '../when-over.ts';
import type { KnownKeys } from './known-keys.ts';

/**
 * Holds a verb that starts runs to its callers' keys: a run ends with the revocation of its key, wherever that was
 * made. One whose key expires or is replaced goes on to its end.
 *
 * @throws GatewayError `key_invalid` where the key was revoked while the run waited for its turn; runs that are under
 *   way end in the same failure.
 */
export function endWithKey<Input, Event, Started extends Run<Event>>(
  known: Pick<KnownKeys, 'find' | 'onChange'>,
  startRun: (caller: Caller, input: Input, signal?: AbortSignal) => Promise<Started>,
): (caller: Caller, input: Input, signal?: AbortSignal) => Promise<Started> {
  const live = new Map<Started, string>();
  const isRevoked = (keyId: string) => (known.find(keyId)?.revokedAtSeconds ?? null) !== null;

  known.onChange(() => {
    for (const [run, keyId] of live) if (isRevoked(keyId)) run.cancel(revoked());
  });
  return async (caller, input, signal) => {
    const run = await startRun(caller, input, signal);
    if (isRevoked(caller.keyId)) {
      run.cancel(revoked());
      throw revoked();
    }
    live.set(run, caller.keyId);
    return whenOver(run, () => live.delete(run));
  };
}

function revoked(): GatewayError {
  return new GatewayError('key_invalid', 'The API key was revoked, which ended this run.');
}
