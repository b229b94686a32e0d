/** Every table of the store, under every name that one ever had. */
const storeTables: ReadonlySet<string> = new Set([
  'keys',
  'generations',
  'kept_generations',
  'diagnostics',
  'overrides',
  'decisions',
  'notable_decisions',
  'spending',
  'reservations',
  'versions',
  'request_counts',
  'runs',
  'run_steps',
  'run_gateways',
  'usage',
  'turns',
  'conversations',
  'waiting_runs',
  'waiting_states',
  'waiting_calls',
  'waiting_generations',
  'waiting_files',
  'idempotent_requests',
]);

/** What no backup holds: a login that ended must not come back, and none outlives that its store is replaced. */
export const passingTables: ReadonlySet<string> = new Set(['console_sessions']);

/** Those of one machine alone: where the store is a server they lie in a SQLite file. */
export const localTables: ReadonlySet<string> = new Set([
  'kept_generations',
  'generations',
  'diagnostics',
]);

/** Where the changes of the tables are kept, by the library that makes them. */
export const MIGRATIONS = 'kysely_migration';

/** The store's tables among those of a database, which may hold others' too. */
export function ownTables(names: readonly string[]): readonly string[] {
  return names.filter((name) => storeTables.has(name)).toSorted();
}
