import type { Kysely } from 'kysely';
import { type JournalStore, runIdTime } from '../../protocol/journal/journal.ts';
import type { Engine } from '../engines/engine.ts';
import type { Tables } from '../tables.ts';

/** Which gateways on one store live, and what becomes of the runs of those that do not. */
export function createRunGateways({
  relaxed,
  guarded,
}: Pick<Engine, 'relaxed' | 'guarded'>): Pick<JournalStore, 'beat' | 'leave' | 'loseOfSilent'> {
  return {
    async beat({ id, sinceMs, nowMs }) {
      const beat = relaxed
        .insertInto('run_gateways')
        .values({ id, since_ms: sinceMs, seen_ms: nowMs })
        .onConflict((conflict) => conflict.column('id').doUpdateSet({ seen_ms: nowMs }));
      await guarded(() => beat.execute());
    },
    async leave(gatewayId) {
      const own = relaxed.deleteFrom('run_gateways').where('id', '=', gatewayId);
      await guarded(() => own.execute());
    },
    async loseOfSilent(sinceMs) {
      const silent = relaxed.selectFrom('run_gateways').selectAll().where('seen_ms', '<', sinceMs);
      const found = await guarded(() => silent.execute());
      for (const { id, since_ms } of found) {
        await guarded(() =>
          relaxed.transaction().execute((work) => lose(work, { id, sinceMs: Number(since_ms) })),
        );
      }
    },
  };
}

/** No index tells of which gateway a run is: none older than the gateway is looked at. */
async function lose(
  work: Kysely<Tables>,
  { id, sinceMs }: { readonly id: string; readonly sinceMs: number },
): Promise<void> {
  await work
    .updateTable('runs')
    .set({ outcome: 'lost' })
    .where('id', '>=', `run_${runIdTime(sinceMs)}`)
    .where('outcome', '=', 'running')
    .where('gateway_id', '=', id)
    .execute();
  await work.deleteFrom('run_gateways').where('id', '=', id).execute();
}
