/**
 * What a request was answered with. `form` says what `body` is: `json` the answer, `events` a stream, `background` the id
 * of a response whose run goes on without its caller, and whose stream was asked for, `unknown` why nobody can say what
 * came of it.
 */
export type KeptReply = {
  readonly form: 'json' | 'events' | 'background' | 'unknown';
  readonly status: number;
  /** Those that not every answer has. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** A request whose sender gave it a key of its own, so that a repeat of it is known as one. */
export type IdempotentRequest = {
  /** A hash of who asks, where, and of the key that was sent. */
  readonly id: string;
  readonly keyId: string;
  /** The user whom its key forwards; null where it names none. */
  readonly user: string | null;
  /** SHA-256 of the body. */
  readonly bodyHash: string;
  readonly requestId: string;
  /** Unix milliseconds. */
  readonly createdMs: number;
  /** The process that answers it. */
  readonly holder: string;
  /** Until when that process said so; null once it is answered. */
  readonly aliveUntilMs: number | null;
  /** Until when somebody waits for the answer elsewhere. */
  readonly wantedUntilMs: number;
  /** Null until it is answered. */
  readonly reply: KeptReply | null;
};

/** How many requests, and bytes of their answers. */
export type IdempotencyBounds = { readonly requests: number; readonly bytes: number };

/** Requests with a key, for all processes that share the store. Written for batches: a failure of power may take the last. */
export type IdempotencyStore = {
  /**
   * Adds a request that is to be answered, unless one of its id is there that was made later than `expiredMs`.
   *
   * @returns What is there; null where it was added.
   */
  begin(
    request: Omit<IdempotentRequest, 'reply' | 'wantedUntilMs'>,
    expiredMs: number,
  ): Promise<IdempotentRequest | null>;
  find(id: string): Promise<IdempotentRequest | null>;
  /** Keeps the answer of one that the holder has. */
  keep(id: string, holder: string, reply: KeptReply): Promise<void>;
  /** Forgets one of the holder, so that a repeat is a first request. */
  drop(id: string, holder: string): Promise<void>;
  /** Says that these go on. */
  renew(ids: readonly string[], aliveUntilMs: number): Promise<void>;
  /** Says that somebody waits for the answer. */
  want(id: string, untilMs: number): Promise<void>;
  /** Removes those made before a time, and the oldest beyond what each key and all may have; none that goes on. */
  prune(limits: {
    readonly beforeMs: number;
    readonly nowMs: number;
    readonly ofKey: IdempotencyBounds;
    readonly ofAll: IdempotencyBounds;
  }): Promise<void>;
};
