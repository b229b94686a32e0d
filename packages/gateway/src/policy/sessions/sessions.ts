import { createHmac, randomBytes } from 'node:crypto';
import { GatewayError } from '../../errors.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import { holderOf, localHolder } from '../keys/identify.ts';
import type { KnownKeys } from '../keys/known-keys.ts';
import { hashOf } from '../keys/new-key.ts';
import type { ConsoleSession } from './session.ts';

type SessionsDeps = {
  readonly known: Pick<KnownKeys, 'stillUsable'>;
  /** How long a login holds. */
  readonly times: () => { readonly sessionIdleMinutes: number; readonly sessionMaxHours: number };
  readonly nowSeconds: () => number;
};

/** Logins of the console. Each ends by itself, with its key, or when it is logged out. */
export type Sessions = {
  readonly begin: (holder: KeyHolder) => Promise<ConsoleSession>;
  /**
   * The session of a secret, which is used by that.
   *
   * @throws GatewayError `session_expired`, or `key_invalid` where its key ended.
   */
  readonly use: (secret: string) => ConsoleSession | Promise<ConsoleSession>;
  /** Ends a session at once; one that is not there is left so. */
  readonly end: (secret: string) => Promise<void>;
};

type SessionRecord = {
  readonly keyId: string;
  readonly endsAtSeconds: number;
  usedAtSeconds: number;
};

export function createSessions({ known, times, nowSeconds }: SessionsDeps): Sessions {
  const records = new Map<string, SessionRecord>();

  const told = (secret: string, record: SessionRecord, holder: KeyHolder): ConsoleSession => ({
    secret,
    holder,
    csrfToken: csrfTokenOf(secret),
    endsAtSeconds: record.endsAtSeconds,
    idleEndsAtSeconds: Math.min(record.endsAtSeconds, idleEnd(record)),
  });
  const idleEnd = ({ usedAtSeconds }: SessionRecord) =>
    usedAtSeconds + times().sessionIdleMinutes * 60;

  return {
    async begin(holder) {
      const secret = randomBytes(32).toString('base64url');
      const now = nowSeconds();
      const record = {
        keyId: holder.keyId,
        endsAtSeconds: now + times().sessionMaxHours * 3600,
        usedAtSeconds: now,
      };
      records.set(hashOf(secret), record);
      return told(secret, record, holder);
    },
    use(secret) {
      const record = records.get(hashOf(secret));
      const now = nowSeconds();
      if (!record || record.endsAtSeconds <= now || idleEnd(record) <= now) throw expired();
      const holder = holderById(known, record.keyId);
      if (!holder) throw keyEnded();
      record.usedAtSeconds = now;
      return told(secret, record, holder);
    },
    async end(secret) {
      records.delete(hashOf(secret));
    },
  };
}

/** Of the secret, so that it need not be kept and can be told again. */
function csrfTokenOf(secret: string): string {
  return createHmac('sha256', secret).update('csrf').digest('base64url');
}

function holderById(known: SessionsDeps['known'], keyId: string): KeyHolder | null {
  if (keyId === localHolder.keyId) return localHolder;
  const key = known.stillUsable(keyId);
  return key && holderOf(key);
}

function expired(): GatewayError {
  return new GatewayError('session_expired', 'The login has ended. Log in to the console again.');
}

function keyEnded(): GatewayError {
  return new GatewayError(
    'key_invalid',
    'The key of this login was revoked or has expired. Log in to the console with another key.',
  );
}
