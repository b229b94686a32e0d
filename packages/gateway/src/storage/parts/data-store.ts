import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import {
  type DataCounts,
  type DataKind,
  type DataOf,
  type DataStore,
  dataKinds,
} from '../../protocol/state/data-store.ts';
import type { Engine } from '../engines/engine.ts';
import type { Tables } from '../tables.ts';
import { allEqual } from './all-equal.ts';

/** Tables whose rows are somebody's. */
type OwnedTable =
  | 'conversations'
  | 'turns'
  | 'waiting_runs'
  | 'idempotent_requests'
  | 'runs'
  | RenamedTable;

type RenamedTable = 'usage' | 'decisions' | 'notable_decisions';

const tablesOf: Readonly<Record<DataKind, readonly OwnedTable[]>> = {
  conversations: ['conversations'],
  responses: ['turns'],
  waiting_runs: ['waiting_runs'],
  idempotent_requests: ['idempotent_requests'],
  runs: ['runs'],
  usage: ['usage'],
  decisions: ['decisions', 'notable_decisions'],
};

/** What is deleted: rows by their ids, and before them those that lie below. */
const removed = [
  { table: 'conversations', id: 'id', below: [] },
  { table: 'turns', id: 'id', below: [] },
  { table: 'waiting_runs', id: 'run_id', below: ['waiting_calls', 'waiting_states'] },
  { table: 'idempotent_requests', id: 'id', below: [] },
  { table: 'runs', id: 'id', below: ['run_steps'] },
] as const;

const renamed: readonly RenamedTable[] = ['usage', 'decisions', 'notable_decisions'];

/** Rows removed by one statement; SQLite lets nothing else happen meanwhile. */
const STEP = 200;

/** What is kept of people in an open database. */
export function createDataStore(engine: Engine): DataStore {
  return {
    count: (of) => countAll(engine, of),
    async erase(of) {
      const counts = await countAll(engine, of);
      for (const part of removed) await removeAll(engine, part, of);
      const { user, keyId } = of;
      for (const table of renamed) {
        if (user !== undefined) await renameUser(engine, table, { of, user });
        else if (keyId !== undefined) await renameKey(engine, table, keyId);
      }
      // What was written lately stands in another file too, until that is begun anew.
      if (!engine.isShared) {
        await engine.guarded(() => sql`pragma wal_checkpoint(truncate)`.execute(engine.durable));
      }
      return counts;
    },
  };
}

function whose({ keyId, user }: DataOf) {
  return allEqual({ key_id: keyId, end_user: user });
}

async function countAll({ relaxed, guarded }: Engine, of: DataOf): Promise<DataCounts> {
  const counts: Partial<Record<DataKind, number>> = {};
  for (const kind of dataKinds) {
    let sum = 0;
    for (const table of tablesOf[kind]) {
      const count = relaxed.selectFrom(owned(table)).select(({ fn }) => fn.countAll().as('rows'));
      const { rows } = await guarded(() => count.where(whose(of)).executeTakeFirstOrThrow());
      sum += Number(rows);
      await nextTurn();
    }
    counts[kind] = sum;
  }
  return counts as DataCounts;
}

async function removeAll(
  { durable, guarded }: Engine,
  { table, id, below }: (typeof removed)[number],
  of: DataOf,
): Promise<void> {
  const name = id as 'id';
  for (;;) {
    const some = durable.selectFrom(owned(table)).select(name).where(whose(of)).limit(STEP);
    const ids = (await guarded(() => some.execute())).map((row) => row[name]);
    if (ids.length === 0) return;
    await guarded(() =>
      durable.transaction().execute(async (work) => {
        for (const each of below) {
          await work
            .deleteFrom(each as 'run_steps')
            .where('run_id', 'in', ids)
            .execute();
        }
        await work.deleteFrom(owned(table)).where(name, 'in', ids).execute();
      }),
    );
    await nextTurn();
  }
}

async function renameUser(
  { durable, guarded }: Engine,
  table: RenamedTable,
  { of, user }: { readonly of: DataOf; readonly user: string },
): Promise<void> {
  const update = durable.updateTable(renamable(table)).set({ end_user: nobody() });
  await guarded(() => update.where(whose({ ...of, user })).execute());
}

/** Its users too: whose they were is known by the key. */
async function renameKey(engine: Engine, table: RenamedTable, keyId: string): Promise<void> {
  const { durable, guarded } = engine;
  for (const user of await usersOf(durable, guarded, { table, keyId })) {
    await renameUser(engine, table, { of: { keyId }, user });
  }
  const update = durable.updateTable(renamable(table)).set({ key_id: nobody() });
  await guarded(() => update.where('key_id', '=', keyId).execute());
}

async function usersOf(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  { table, keyId }: { readonly table: RenamedTable; readonly keyId: string },
): Promise<readonly string[]> {
  const named = database
    .selectFrom(renamable(table))
    .select('end_user')
    .distinct()
    .where('key_id', '=', keyId)
    .where('end_user', 'is not', null)
    .where('end_user', '<>', '');
  return (await guarded(() => named.execute())).flatMap((row) => row.end_user ?? []);
}

/** A name that nobody had before. */
function nobody(): string {
  return `anon_${randomBytes(9).toString('base64url')}`;
}

/** Their types are alike in what is asked of them. */
function owned(table: OwnedTable): 'turns' {
  return table as 'turns';
}

function renamable(table: RenamedTable): 'decisions' {
  return table as 'decisions';
}
