import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { KeyRecord } from '../protocol/policy.ts';
import type { StoredGeneration } from '../protocol/records.ts';

/**
 * What the gateway keeps beyond its own life. A change is durable when its promise resolves. Every method throws
 * `StoreError` where the store cannot be used.
 */
export type Store = {
  readonly keys: KeyStore;
  readonly generations: GenerationStore;
  readonly diagnostics: DiagnosticStore;
  /** A number that differs from the last one when another process may have changed something. Cheap to ask often. */
  version(): Promise<number>;
  /** Closes the store; nothing may be asked of it afterwards. */
  close(): Promise<void>;
};

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
   * Marks a key as revoked.
   *
   * @returns False where there is no such key or it was revoked before; the first time stays.
   */
  revoke(keyId: string, atSeconds: number): Promise<boolean>;
};

/** The generation of each agent that loaded last. Their bytes are files beside the store. */
export type GenerationStore = {
  list(): Promise<StoredGeneration[]>;
  /** Keeps a generation in place of the agent's one before. */
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

/** The store cannot be used. `message` says why and what to do, and holds no secret. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
