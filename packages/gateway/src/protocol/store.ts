import type { SessionStore } from './console/session-store.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { JournalStore } from './journal/journal.ts';
import type { DecisionRecord, KeyLimits, KeyRecord, OverrideRecord } from './policy.ts';
import type { StoredGeneration } from './records.ts';
import type { DecisionPage, DecisionQuery } from './security/decision-query.ts';
import type { ApprovalStore } from './state/approval-store.ts';
import type { DataStore } from './state/data-store.ts';
import type { IdempotencyStore } from './state/idempotency.ts';
import type { TurnStore } from './state/turns.ts';
import type { UsageStore } from './usage/usage.ts';

/**
 * What the gateway keeps beyond its own life. A change is durable when its promise resolves; what is written of
 * `decisions`, `journal`, `usage`, `turns`, `idempotency`, `spending`, `rates` and the use of keys outlives a killed process, but a failure of power may take the
 * last of it. Every method throws `StoreError` where the store cannot be used.
 */
export type Store = {
  readonly keys: KeyStore;
  readonly overrides: OverrideStore;
  readonly decisions: DecisionStore;
  readonly spending: SpendingStore;
  readonly rates: RateStore;
  readonly generations: GenerationStore;
  readonly diagnostics: DiagnosticStore;
  readonly journal: JournalStore;
  readonly usage: UsageStore;
  readonly turns: TurnStore;
  readonly approvals: ApprovalStore;
  readonly idempotency: IdempotencyStore;
  readonly data: DataStore;
  readonly sessions: SessionStore;
  /** Whether it is a server, which gateways on several machines may share. */
  readonly isShared: boolean;
  /** Numbers that grow with each change of that part, whoever made it. Cheap to ask often. */
  versions(): Promise<StoreVersions>;
  /** Tells every gateway on this store that the rules of `gateway.yaml` are to be read again. */
  announceRules(): Promise<void>;
  /** Calls back soon after another process changed something, where the database can tell; a hint, may be missed. */
  onNotification(listener: () => void): () => void;
  /** Closes the store; nothing may be asked of it afterwards. */
  close(): Promise<void>;
};

/** Parts of the store that gateways keep in memory, and that have a version. */
export type StorePart = 'keys' | 'overrides' | 'rules';

/** Numbers that grow with each change of a part. */
export type StoreVersions = Readonly<Record<StorePart, number>>;

/** The API keys, revoked and expired ones included. */
export type KeyStore = {
  /** All keys, oldest first. */
  list(): Promise<KeyRecord[]>;
  /**
   * Adds a key.
   *
   * @returns False where a key with this id or hash is there already; nothing changes then.
   */
  insert(record: KeyRecord): Promise<boolean>;
  /**
   * Adds a key of a name that no other may take while it can be used, also at the same moment.
   *
   * @returns False where a key that was added so has this name, or one has its id or hash; nothing changes then.
   */
  insertNamed(record: KeyRecord, nowSeconds: number): Promise<boolean>;
  /**
   * Adds a key in place of another, which ends at `oldEndsAtSeconds` (or before, where it would have anyway).
   *
   * @returns False where the other is not there, is revoked, has expired or was rotated before; nothing changes then.
   */
  rotate(
    record: KeyRecord,
    options: { readonly oldEndsAtSeconds: number; readonly nowSeconds: number },
  ): Promise<boolean>;
  /**
   * Gives a key other limits.
   *
   * @returns False where there is no such key or it is revoked; nothing changes then.
   */
  setLimits(keyId: string, limits: Pick<KeyRecord, 'limits' | 'runLimits'>): Promise<boolean>;
  /**
   * Marks a key as revoked.
   *
   * @returns False where there is no such key or it was revoked before; the first time stays.
   */
  revoke(keyId: string, atSeconds: number): Promise<boolean>;
  /** Notes when keys were last used. Changes no version: nobody has to read the keys again for it. */
  touch(uses: ReadonlyMap<string, number>): Promise<void>;
};

/** Short-lived rules, those that ended included. */
export type OverrideStore = {
  /** Newest first; with `activeAtSeconds`, only those neither expired nor revoked then. */
  list(filter?: { readonly activeAtSeconds?: number }): Promise<OverrideRecord[]>;
  /** @returns False where one with this id is there already. */
  insert(record: OverrideRecord): Promise<boolean>;
  /** @returns False where there is none, or it was revoked before or has expired. */
  revoke(
    id: string,
    by: { readonly revokedBy: string; readonly atSeconds: number },
  ): Promise<boolean>;
};

/** The decision log. */
export type DecisionStore = {
  append(records: readonly DecisionRecord[]): Promise<void>;
  list(query: DecisionQuery): Promise<DecisionPage>;
  /**
   * Removes those before a time, and the oldest beyond a count; of those that are looked for later, the oldest of the
   * keys that have most. @returns How many.
   */
  prune(limits: { readonly beforeIso: string; readonly keep: number }): Promise<number>;
};

/** Tokens that keys with a budget used. Exact over all processes that share the store. */
export type SpendingStore = {
  /** Sets tokens aside where they still fit into every budget of the key; a reservation nobody settles ends by itself. */
  reserve(reservation: Reservation): Promise<ReserveResult>;
  /** Books what a call used and frees what was set aside for it; 0 where it used nothing. Unknown ids book all the same. */
  settle(settlement: Settlement): Promise<void>;
  /** Sets another end to reservations whose calls go on; leaves those alone that were settled or have ended. */
  renew(reservationIds: readonly string[], expiresAtSeconds: number): Promise<void>;
  spent(keyId: string, nowSeconds: number): Promise<Spent>;
};

/** Requests that keys with a limit sent, counted for all processes that share the store; lost with a failure of power. */
export type RateStore = {
  /** Counts a request of an account in its window, which begins anew with the first one after its end. */
  count(
    account: string,
    window: { readonly nowMs: number; readonly lengthMs: number },
  ): Promise<{ readonly requests: number; readonly endsAtMs: number }>;
};

/** Tokens to be set aside for a call; freed after `leaseSeconds` where nobody settles or renews. */
export type Reservation = {
  readonly id: string;
  readonly keyId: string;
  readonly tokens: number;
  readonly limits: Pick<KeyLimits, 'tokensPerDay' | 'tokensPerMonth'>;
  readonly nowSeconds: number;
  readonly leaseSeconds: number;
};

/** What a call used, under the id of its reservation. */
export type Settlement = {
  readonly id: string;
  readonly keyId: string;
  readonly tokens: number;
  readonly nowSeconds: number;
};

/** `exhausted` tells which budget has not so much left. */
export type ReserveResult =
  | { readonly type: 'reserved' }
  | { readonly type: 'exhausted'; readonly period: 'day' | 'month' };

/** Tokens booked in the current UTC day and month, and set aside now. */
export type Spent = { readonly day: number; readonly month: number; readonly reserved: number };

/** How many generations of an agent are kept to go back to, that which serves included. */
export const KEPT_GENERATIONS = 5;

/** The generations of each agent that served last, `KEPT_GENERATIONS` at most. Their bytes are files beside the store. */
export type GenerationStore = {
  /** In the order in which they were put: the last one of an agent is what it serves. */
  list(): Promise<StoredGeneration[]>;
  /** Keeps what an agent serves now, in place of one of the same `filesHash`, and forgets what served longest ago. */
  put(generation: StoredGeneration): Promise<void>;
  remove(agentId: string): Promise<void>;
};

/** What was wrong when the gateway last ran. */
export type DiagnosticStore = {
  /** Least lately seen first. */
  list(): Promise<Diagnostic[]>;
  /** Adds or replaces some and removes others, all or nothing. */
  change(change: {
    readonly put: readonly Diagnostic[];
    readonly remove: readonly string[];
  }): Promise<void>;
};
