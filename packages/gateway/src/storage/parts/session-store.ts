import type { SessionRecord, SessionStore } from '../../protocol/console/session-store.ts';
import type { Engine } from '../engines/engine.ts';
import type { ConsoleSessionRow } from '../tables.ts';

/** Most of one key and kind: whoever holds a key cannot fill the store with logins. */
const MOST_OF_A_KEY = 100;

/** Logins of the console in an open database. */
export function createSessionStore({ durable, relaxed, guarded, promptly }: Engine): SessionStore {
  return {
    insert: (record) => guarded(() => insert(durable, record)),
    find: (hash) =>
      promptly.ask(async () => {
        const row = await relaxed
          .selectFrom('console_sessions')
          .selectAll()
          .where('hash', '=', hash)
          .executeTakeFirst();
        return row ? toRecord(row) : null;
      }),
    take: (hash) =>
      guarded(async () => {
        const row = await durable
          .deleteFrom('console_sessions')
          .where('hash', '=', hash)
          .returningAll()
          .executeTakeFirst();
        return row ? toRecord(row) : null;
      }),
    touch: (hash, atSeconds) =>
      guarded(async () => {
        const at = Math.floor(atSeconds);
        await relaxed
          .updateTable('console_sessions')
          .set({ last_used_at: at })
          .where('hash', '=', hash)
          .where('last_used_at', '<', at)
          .execute();
      }),
    prune: ({ endedBySeconds, unusedSinceSeconds }) =>
      guarded(async () => {
        await relaxed
          .deleteFrom('console_sessions')
          .where((row) =>
            row.or([
              row('ends_at', '<=', Math.floor(endedBySeconds)),
              row.and([
                row('kind', '=', 'session'),
                row('last_used_at', '<=', Math.floor(unusedSinceSeconds)),
              ]),
            ]),
          )
          .execute();
      }),
  };
}

async function insert(database: Engine['durable'], record: SessionRecord): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    await transaction.insertInto('console_sessions').values(toRow(record)).execute();
    const older = transaction
      .selectFrom('console_sessions')
      .select('hash')
      .where('key_id', '=', record.keyId)
      .where('kind', '=', record.kind)
      .where('hash', '!=', record.hash)
      .orderBy('created_at', 'desc')
      .orderBy('hash')
      .limit(EVERYTHING)
      .offset(MOST_OF_A_KEY - 1);
    await transaction.deleteFrom('console_sessions').where('hash', 'in', older).execute();
  });
}

/** SQLite takes no offset without a limit. */
const EVERYTHING = 1_000_000;

function toRow(record: SessionRecord): ConsoleSessionRow {
  return {
    hash: record.hash,
    kind: record.kind,
    key_id: record.keyId,
    created_at: Math.floor(record.createdAtSeconds),
    last_used_at: Math.floor(record.lastUsedAtSeconds),
    ends_at: Math.floor(record.endsAtSeconds),
  };
}

function toRecord(row: ConsoleSessionRow): SessionRecord {
  return {
    hash: row.hash,
    kind: row.kind === 'link' ? 'link' : 'session',
    keyId: row.key_id,
    createdAtSeconds: row.created_at,
    lastUsedAtSeconds: row.last_used_at,
    endsAtSeconds: row.ends_at,
  };
}
