import type { Kysely, Transaction } from 'kysely';
import type { StorePart } from '../../protocol/store.ts';
import type { Tables } from '../tables.ts';

/** A kind of database under the store: everything in which SQLite and Postgres differ beyond their SQL. */
export type Engine = {
  /** For what has to be on disk when it is acknowledged. */
  readonly durable: Kysely<Tables>;
  /** The same database, for batches: a failure of power may take the last ones. */
  readonly relaxed: Kysely<Tables>;
  readonly guarded: Guard;
  /** For what requests wait for. */
  readonly promptly: Promptly;
  /** Whether processes on several machines can use it. */
  readonly isShared: boolean;
  /** A number that differs once anything but a batch of this process was written; null where looking costs a query. */
  readonly dataVersion: (() => number) | null;
  /** Makes the end of this transaction known to other processes, where the database can. */
  readonly announce: (transaction: Transaction<Tables>, part: StorePart) => Promise<void>;
  readonly onNotification: (listener: () => void) => () => void;
  readonly close: () => Promise<void>;
};

/** Runs work on the database, again while that is known to have done nothing. What it throws is a `StoreError`. */
export type Guard = <Result>(work: () => Promise<Result> | Result) => Promise<Result>;

/** Runs work that must not wait for a database that answers nobody any more; what it throws is a `StoreError`. */
export type Promptly = {
  /** Refused at once while the database is known to be stalled. */
  readonly ask: PromptWork;
  /** Asked all the same: what tells that it answers again. */
  readonly probe: PromptWork;
};

type PromptWork = <Result>(work: (call: PromptCall) => Promise<Result>) => Promise<Result>;

/** What the work is told of whoever asked: true once they were refused, and nobody gets the result. */
export type PromptCall = { readonly isGivenUp: boolean };

export type EngineOptions = {
  /** How long to wait for other writers before `StoreError`. */
  readonly busyTimeoutMs: number;
};
