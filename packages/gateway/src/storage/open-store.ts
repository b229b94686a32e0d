import type { Store } from '../protocol/store.ts';
import type { Engine, EngineOptions } from './engines/engine.ts';
import { openSqlite } from './engines/open-sqlite.ts';
import { migrate } from './migrate.ts';
import { createApprovalStore } from './parts/approvals/approval-store.ts';
import { createDataStore } from './parts/data-store.ts';
import { createDecisionStore } from './parts/decision-store.ts';
import { createDiagnosticStore } from './parts/diagnostic-store.ts';
import { createGenerationStore } from './parts/generation-store.ts';
import { createIdempotencyStore } from './parts/idempotency/idempotency-store.ts';
import { createJournalStore } from './parts/journal-store.ts';
import { createKeyStore } from './parts/key-store.ts';
import { createOverrideStore } from './parts/override-store.ts';
import { createRateStore } from './parts/rate-store.ts';
import { createSessionStore } from './parts/session-store.ts';
import { createSpendingStore } from './parts/spending-store.ts';
import { createTurnStore } from './parts/turns/turn-store.ts';
import { createUsageStore } from './parts/usage-store.ts';
import { createChangePart, createReadVersions } from './parts/versions.ts';
import { StoreError } from './store-error.ts';

/** How long work waits for another process to finish writing. */
const BUSY_TIMEOUT_MS = 5000;

type OpenEngine = (url: string, options: EngineOptions) => Promise<Engine>;

// Read when it is needed: most stores are files.
const openPostgres: OpenEngine = async (url, options) =>
  (await import('./engines/open-postgres.ts')).openPostgres(url, options);

/** Databases by the scheme of their URL. A new one is an engine, and a line here. */
const engines: Readonly<Record<string, OpenEngine>> = {
  'sqlite:': openSqlite,
  'postgres:': openPostgres,
  'postgresql:': openPostgres,
};

/**
 * Opens the store, made and brought up to date where needed.
 *
 * @param url - `sqlite:<file>` or `postgres://…`.
 * @param options.busyTimeoutMs - How long to wait for other writers before `StoreError`.
 * @throws StoreError where it cannot be used: unknown scheme, damaged, locked, not writable, away, of a newer version.
 */
export async function openStore(url: string, options: Partial<EngineOptions> = {}): Promise<Store> {
  const open = engines[/^[a-z]+:/.exec(url)?.[0] ?? ''];
  if (!open) {
    throw new StoreError(
      'The store_url is of an unknown kind. Use `sqlite:<file>` or `postgres://…`.',
    );
  }
  const engine = await open(url, { busyTimeoutMs: BUSY_TIMEOUT_MS, ...options });
  try {
    await engine.guarded(() => migrate(engine.durable));
  } catch (error) {
    await engine.close();
    throw error;
  }
  const changePart = createChangePart(engine);
  return {
    keys: createKeyStore(engine, changePart),
    overrides: createOverrideStore(engine, changePart),
    decisions: createDecisionStore(engine),
    spending: createSpendingStore(engine),
    rates: createRateStore(engine),
    isShared: engine.isShared,
    generations: createGenerationStore(engine),
    diagnostics: createDiagnosticStore(engine),
    journal: createJournalStore(engine),
    usage: createUsageStore(engine),
    turns: createTurnStore(engine),
    approvals: createApprovalStore(engine),
    idempotency: createIdempotencyStore(engine),
    data: createDataStore(engine),
    sessions: createSessionStore(engine),
    versions: createReadVersions(engine),
    announceRules: async () => {
      await changePart('rules', async () => true);
    },
    onNotification: engine.onNotification,
    close: engine.close,
  };
}
