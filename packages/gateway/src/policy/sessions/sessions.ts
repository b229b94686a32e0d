import { createHmac } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import type { SessionRecord, SessionStore } from '../../protocol/console/session-store.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import type { KnownKeys } from '../keys/known-keys.ts';
import { hashOf } from '../keys/new-key.ts';
import { createLinks, type Links } from './links.ts';
import { createMemorySessions } from './memory-sessions.ts';
import type { ConsoleSession } from './session.ts';
import {
  type Found,
  findIn,
  holderById,
  keyEnded,
  newRecord,
  newSecret,
  type Stores,
  storeOf,
} from './session-records.ts';

export type SessionsDeps = {
  readonly store: SessionStore;
  readonly known: Pick<KnownKeys, 'stillUsable'>;
  /** How long a login holds. */
  readonly times: () => { readonly sessionIdleMinutes: number; readonly sessionMaxHours: number };
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/**
 * Logins of the console. Each ends by itself, with its key, or when it is logged out, in all gateways on a store. Those
 * of this machine's command line end with the gateway, as its token does.
 */
export type Sessions = Links & {
  readonly begin: (holder: KeyHolder) => Promise<ConsoleSession>;
  /**
   * The session of a secret, which is used by that; not where nobody sits before the page that asks.
   *
   * @throws GatewayError `session_expired`, `key_invalid` where its key ended, `store_unavailable`.
   */
  readonly use: (
    secret: string,
    by?: { readonly isUnattended: boolean },
  ) => Promise<ConsoleSession>;
  /** Whether `use` would have it. It is no use, and where the store is away it is taken to live. */
  readonly isLive: (secret: string) => Promise<boolean>;
  /** Ends a session at once; one that is not there is left so. */
  readonly end: (secret: string) => Promise<void>;
  /** Removes those that are over. */
  readonly sweep: () => Promise<void>;
};

export function createSessions(deps: SessionsDeps): Sessions {
  const { known, nowSeconds, emit } = deps;
  const memory = createMemorySessions();
  const stores: Stores = [memory, deps.store];
  const idleSeconds = () => deps.times().sessionIdleMinutes * 60;
  const told = (secret: string, record: SessionRecord, holder: KeyHolder): ConsoleSession => ({
    secret,
    holder,
    csrfToken: csrfTokenOf(secret),
    endsAtSeconds: record.endsAtSeconds,
    idleEndsAtSeconds: Math.min(record.endsAtSeconds, nowSeconds() + idleSeconds()),
  });
  /** What is found of a secret, and who holds it; null for what is over. */
  const look = async (secret: string) => {
    const found = await findIn(stores, hashOf(secret));
    if (!found || isOver(found.record, { nowSeconds: nowSeconds(), idleSeconds: idleSeconds() })) {
      return null;
    }
    return { ...found, holder: holderById(known, found.record.keyId) };
  };
  const begin = async (holder: KeyHolder): Promise<ConsoleSession> => {
    const secret = newSecret();
    const seconds = deps.times().sessionMaxHours * 3600;
    const record = newRecord('session', { secret, holder, seconds, nowSeconds: nowSeconds() });
    await storeOf(stores, holder).insert(record);
    return told(secret, record, holder);
  };

  return {
    begin,
    async use(secret, { isUnattended } = { isUnattended: false }) {
      const found = await look(secret);
      if (!found) throw expired();
      if (!found.holder) throw keyEnded();
      const session = told(secret, found.record, found.holder);
      if (isUnattended) {
        const idleEndsAtSeconds = found.record.lastUsedAtSeconds + idleSeconds();
        return { ...session, idleEndsAtSeconds };
      }
      await noteUse(found, { atSeconds: nowSeconds(), idleSeconds: idleSeconds(), emit });
      return session;
    },
    async isLive(secret) {
      try {
        return Boolean((await look(secret))?.holder);
      } catch {
        return true;
      }
    },
    async end(secret) {
      for (const store of stores) await store.take(hashOf(secret));
    },
    ...createLinks({ stores, known, nowSeconds, begin }),
    async sweep() {
      const now = nowSeconds();
      const ended = { endedBySeconds: now, unusedSinceSeconds: now - idleSeconds() };
      for (const store of stores) await store.prune(ended);
    },
  };
}

function isOver(
  { kind, endsAtSeconds, lastUsedAtSeconds }: SessionRecord,
  { nowSeconds, idleSeconds }: { readonly nowSeconds: number; readonly idleSeconds: number },
): boolean {
  return (
    kind !== 'session' || Math.min(endsAtSeconds, lastUsedAtSeconds + idleSeconds) <= nowSeconds
  );
}

/** Often enough for the end to be right, and for no store to be written with each request. */
async function noteUse(
  { record: { hash, lastUsedAtSeconds }, store }: Found,
  use: { readonly atSeconds: number; readonly idleSeconds: number; readonly emit: Emit },
): Promise<void> {
  if (use.atSeconds - lastUsedAtSeconds < Math.min(60, use.idleSeconds / 10)) return;
  await store.touch(hash, use.atSeconds).catch((error: unknown) => {
    use.emit({ type: 'fault_survived', where: 'noting the use of a console session', error });
  });
}

/** Of the secret, so that it need not be kept and can be told again. */
function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url');
}

function expired(): GatewayError {
  return new GatewayError('session_expired', 'The login has ended. Log in to the console again.');
}
