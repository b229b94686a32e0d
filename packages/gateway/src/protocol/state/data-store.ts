/** What is kept of people, by kind. Sessions are conversations; runs are those of the journal. */
export const dataKinds = [
  'conversations',
  'responses',
  'waiting_runs',
  'idempotent_requests',
  'runs',
  'usage',
  'decisions',
] as const;

export type DataKind = (typeof dataKinds)[number];

/** Kinds that are kept when the rest is deleted, under names that say nothing: sums and the log have to hold. */
export const renamedKinds: readonly DataKind[] = ['usage', 'decisions'];

/** How many there are of each. */
export type DataCounts = Readonly<Record<DataKind, number>>;

/**
 * Of whom: a user by id, a key by id, or a user of a key; one of both is there. Runs and usage also know users that no key
 * vouched for, by what requests said.
 */
export type DataOf = { readonly keyId?: string; readonly user?: string };

/** All that a store keeps of a key or a user. */
export type DataStore = {
  count(of: DataOf): Promise<DataCounts>;
  /**
   * Deletes it, and gives what stays other names, a new one for each person: nobody can tell whose they were. May be
   * called again where it failed half way. Bytes are gone from the files of a database that is one.
   *
   * @returns What there was.
   */
  erase(of: DataOf): Promise<DataCounts>;
};
