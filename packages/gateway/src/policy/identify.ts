import { timingSafeEqual } from 'node:crypto';
import type { Caller } from '../protocol/policy.ts';
import type { ApiKeys } from './api-keys.ts';

/** Who holds a secret: a key of the store, or this machine's own command line; null for anybody else. */
export type Identify = (secret: string) => Omit<Caller, 'requestId'> | null;

/** @param localToken - The secret of `.dropgate/gateway.json`, good for administration while the gateway runs. */
export function createIdentify(deps: {
  readonly keys: Pick<ApiKeys, 'authenticate'>;
  readonly localToken: string;
}): Identify {
  return (secret) => {
    if (isEqual(secret, deps.localToken)) {
      const scopes = { namespaces: null, agents: null };
      return { keyId: 'local_cli', keyName: 'cli', role: 'admin', ...scopes };
    }
    const key = deps.keys.authenticate(secret);
    if (!key) return null;
    const { id: keyId, name: keyName, role, namespaces, agents } = key;
    return { keyId, keyName, role, namespaces, agents };
  };
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
