import type { KeyHolder } from '../../protocol/policy.ts';

/** A login of the console: a key's, by a cookie in place of its secret. Times are Unix seconds. */
export type ConsoleSession = {
  /** What the cookie holds. */
  readonly secret: string;
  readonly holder: KeyHolder;
  /** What pages of the console alone can tell, and send with what changes something. */
  readonly csrfToken: string;
  readonly endsAtSeconds: number;
  /** When it ends where it is not used again. */
  readonly idleEndsAtSeconds: number;
};
