/** What is kept of a login of the console, or of a link that makes one. Times are Unix seconds. */
export type SessionRecord = {
  /** SHA-256 of its secret, hex: the secret itself is never kept. */
  readonly hash: string;
  /** A link makes a session once, and is none. */
  readonly kind: 'session' | 'link';
  readonly keyId: string;
  readonly createdAtSeconds: number;
  readonly lastUsedAtSeconds: number;
  readonly endsAtSeconds: number;
};

/** Logins of the console and links to it, those that ended included until they are swept. */
export type SessionStore = {
  /** Adds one. Of the others of its key and kind the newest 99 stay. */
  insert(record: SessionRecord): Promise<void>;
  find(hash: string): Promise<SessionRecord | null>;
  /** Takes one out, so that nobody else gets it. */
  take(hash: string): Promise<SessionRecord | null>;
  /** Notes a use; an older one changes nothing. */
  touch(hash: string, atSeconds: number): Promise<void>;
  /** Removes those that ended by a time, and sessions that were not used since another. */
  prune(times: {
    readonly endedBySeconds: number;
    readonly unusedSinceSeconds: number;
  }): Promise<void>;
};
