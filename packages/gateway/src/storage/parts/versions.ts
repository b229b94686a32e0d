import type { Transaction } from 'kysely';
import type { StorePart, StoreVersions } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';
import type { Tables } from '../tables.ts';

/**
 * Changes a part that others keep in memory: the work, its new version and the word to others are one transaction.
 *
 * @param work - False takes back all that it did.
 * @returns What the work returned.
 */
export type ChangePart = (
  part: StorePart,
  work: (transaction: Transaction<Tables>) => Promise<boolean>,
) => Promise<boolean>;

/** Makes changes on a database. */
export function createChangePart({ durable, guarded, announce }: Engine): ChangePart {
  return (part, work) =>
    guarded(async () => {
      try {
        await durable.transaction().execute(async (transaction) => {
          if (!(await work(transaction))) throw new NothingChanged();
          // Last, so that two changes wait for each other here and nowhere else.
          await transaction
            .updateTable('versions')
            .set((row) => ({ version: row('version', '+', 1) }))
            .where('part', '=', part)
            .execute();
          await announce(transaction, part);
        });
        return true;
      } catch (error) {
        if (error instanceof NothingChanged) return false;
        throw error;
      }
    });
}

/** Takes a transaction back; nobody outside sees it. */
class NothingChanged extends Error {}

/** Makes the reader of the versions; it costs no query while the database can tell that nothing changed. */
export function createReadVersions({
  relaxed,
  promptly,
  dataVersion,
}: Engine): () => Promise<StoreVersions> {
  let known: { readonly seen: number; readonly versions: StoreVersions } | null = null;
  return () =>
    promptly.probe(async () => {
      const seen = dataVersion?.() ?? null;
      if (known && known.seen === seen) return known.versions;
      const rows = await relaxed.selectFrom('versions').selectAll().execute();
      const versions = { keys: 0, overrides: 0, rules: 0 };
      for (const { part, version } of rows) versions[part] = version;
      // With what was seen before the query: a change during it is looked at again.
      if (seen !== null) known = { seen, versions };
      return versions;
    });
}
