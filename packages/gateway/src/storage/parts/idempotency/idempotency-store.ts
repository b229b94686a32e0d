import type { Kysely } from 'kysely';
import type {
  IdempotencyStore,
  IdempotentRequest,
  KeptReply,
} from '../../../protocol/state/idempotency.ts';
import type { Engine } from '../../engines/engine.ts';
import type { IdempotentRequestRow, Tables } from '../../tables.ts';
import { pruneIdempotency } from './prune-idempotency.ts';

/** Requests that may come again, in an open database. */
export function createIdempotencyStore(engine: Engine): IdempotencyStore {
  const { relaxed, guarded, promptly } = engine;
  const find = async (id: string): Promise<IdempotentRequest | null> => {
    const found = relaxed.selectFrom('idempotent_requests').selectAll().where('id', '=', id);
    const row = await found.executeTakeFirst();
    return row ? toRequest(row) : null;
  };
  return {
    begin: (request, expiredMs) =>
      promptly.ask(async () => {
        const row = toRow(request);
        for (;;) {
          if (await isAdded(relaxed, row, expiredMs)) return null;
          const found = await find(request.id);
          // Else it was forgotten in between.
          if (found) return found;
        }
      }),
    find: (id) => guarded(() => find(id)),
    async keep(id, holder, reply) {
      const kept = relaxed
        .updateTable('idempotent_requests')
        .set({ ...replyColumns(reply), alive_until_ms: null })
        .where('id', '=', id)
        .where('holder', '=', holder);
      await guarded(() => kept.execute());
    },
    async drop(id, holder) {
      const gone = relaxed
        .deleteFrom('idempotent_requests')
        .where('id', '=', id)
        .where('holder', '=', holder);
      await guarded(() => gone.execute());
    },
    async renew(ids, aliveUntilMs) {
      const renewed = relaxed
        .updateTable('idempotent_requests')
        .set({ alive_until_ms: Math.floor(aliveUntilMs) })
        .where('id', 'in', ids)
        .where('alive_until_ms', 'is not', null);
      await guarded(() => renewed.execute());
    },
    async want(id, untilMs) {
      const wanted = relaxed
        .updateTable('idempotent_requests')
        .set({ wanted_until_ms: Math.floor(untilMs) })
        .where('id', '=', id);
      await guarded(() => wanted.execute());
    },
    prune: (limits) => pruneIdempotency(engine, limits),
  };
}

/** Adds a request, in place of one that has expired. @returns False where one is there. */
async function isAdded(
  database: Kysely<Tables>,
  row: IdempotentRequestRow,
  expiredMs: number,
): Promise<boolean> {
  const added = await database
    .insertInto('idempotent_requests')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .column('id')
        .doUpdateSet(row)
        .where('idempotent_requests.created_ms', '<=', Math.floor(expiredMs)),
    )
    .returning('id')
    .executeTakeFirst();
  return added !== undefined;
}

function toRow(request: Parameters<IdempotencyStore['begin']>[0]): IdempotentRequestRow {
  return {
    id: request.id,
    key_id: request.keyId,
    end_user: request.user,
    body_hash: request.bodyHash,
    request_id: request.requestId,
    created_ms: Math.floor(request.createdMs),
    holder: request.holder,
    alive_until_ms: request.aliveUntilMs === null ? null : Math.floor(request.aliveUntilMs),
    wanted_until_ms: 0,
    bytes: 0,
    form: null,
    status: null,
    headers: null,
    body: null,
  };
}

function replyColumns({ form, status, headers, body }: KeptReply) {
  const written = JSON.stringify(headers);
  const bytes = Buffer.byteLength(body) + written.length;
  return { form, status, headers: written, body, bytes };
}

function toRequest(row: IdempotentRequestRow): IdempotentRequest {
  const { form, status, headers, body } = row;
  return {
    id: row.id,
    keyId: row.key_id,
    user: row.end_user,
    bodyHash: row.body_hash,
    requestId: row.request_id,
    createdMs: row.created_ms,
    holder: row.holder,
    aliveUntilMs: row.alive_until_ms,
    wantedUntilMs: row.wanted_until_ms,
    reply:
      form === null || status === null
        ? null
        : {
            form: form as KeptReply['form'],
            status,
            headers: JSON.parse(headers ?? '{}'),
            body: body ?? '',
          },
  };
}
