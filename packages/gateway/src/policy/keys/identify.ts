import { timingSafeEqual } from 'node:crypto';
import type { KeyHolder, KeyRecord } from '../../protocol/policy.ts';
import type { Tokens } from '../tokens/tokens.ts';
import type { KnownKeys } from './known-keys.ts';

/**
 * Who holds a secret: a key of the store, this machine's own command line, or a token that an issuer of the settings
 * made; null for anybody else. A promise for a token alone, of which some take a while.
 *
 * @throws GatewayError `store_unavailable` where keys cannot be told any more, and what `Tokens` rejects with.
 */
export type Identify = (secret: string) => KeyHolder | Promise<KeyHolder> | null;

/** @param localToken - The secret of `.dropgate/gateway.json`, good for administration while the gateway runs. */
export function createIdentify(deps: {
  readonly known: Pick<KnownKeys, 'authenticate'>;
  readonly tokens: Pick<Tokens, 'authenticate'>;
  readonly localToken: string;
}): Identify {
  return (secret) => {
    if (isEqual(secret, deps.localToken)) {
      return localHolder;
    }
    const key = deps.known.authenticate(secret);
    return key ? holderOf(key) : deps.tokens.authenticate(secret);
  };
}

/** Who holds a key. */
export function holderOf(key: KeyRecord): KeyHolder {
  const { id: keyId, name: keyName, role, namespaces, agents } = key;
  const forwards = key.forwardsUsers ? ({ forwardsUsers: true } as const) : {};
  return { keyId, keyName, role, namespaces, agents, ...forwards };
}

/** Who speaks for the command line of this machine. */
export const localHolder: KeyHolder = {
  keyId: 'local_cli',
  keyName: 'cli',
  role: 'admin',
  namespaces: null,
  agents: null,
};

function isEqual(one: string, other: string): boolean {
  // Only a token of ours is as long; nearly all secrets are keys and end here.
  if (one.length !== other.length) return false;
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
