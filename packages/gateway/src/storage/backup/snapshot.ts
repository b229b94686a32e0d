import { migrations } from '../migrations.ts';
import { StoreError } from '../store-error.ts';
import type { Row } from './backup-lines.ts';

/** A store as it was at one moment; what is written meanwhile is not seen, and not held up. */
export type Snapshot = {
  readonly engine: 'sqlite' | 'postgres';
  /** Changes of the tables that it has, oldest first. */
  readonly migrations: readonly string[];
  readonly tables: readonly string[];
  rows(table: string): AsyncIterable<Row>;
  close(): Promise<void>;
};

/** The failure of a database that holds no store. */
export function noStore(place: string): StoreError {
  return new StoreError(
    `There is no store of Dropgate in ${place}. Correct store_url, or start the gateway once.`,
  );
}

/**
 * The changes that a database has, as names.
 *
 * @throws StoreError where this version does not know one of them.
 */
export function knownMigrations(rows: readonly { readonly name?: unknown }[]): readonly string[] {
  const names = rows.map(({ name }) => String(name));
  if (names.every((name) => Object.hasOwn(migrations, name))) return names;
  throw new StoreError(
    'The store was written by a newer version of Dropgate. Make the backup with that version.',
  );
}
