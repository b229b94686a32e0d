import type { z } from 'zod';
import type { ConsoleSession } from '../../policy/sessions/session.ts';
import type { sessionAnswer } from '../../protocol/console/session-answer.ts';

/** A session as JSON has it. `version` is the gateway's. */
export function sessionBody(
  { csrfToken, endsAtSeconds, idleEndsAtSeconds, holder }: ConsoleSession,
  version: string,
): z.infer<typeof sessionAnswer> {
  const { keyId: id, keyName: name, role } = holder;
  return {
    csrf_token: csrfToken,
    expires_at: iso(endsAtSeconds),
    idle_expires_at: iso(idleEndsAtSeconds),
    key: { id, name },
    // A scraper's key does not log in.
    role: role === 'metrics' ? 'caller' : role,
    version,
  };
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
