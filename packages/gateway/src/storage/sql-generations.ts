import type { Kysely } from 'kysely';
import type { StoredGeneration } from '../protocol/records.ts';
import type { Tables } from './migrations.ts';
import type { Guard } from './sql-keys.ts';
import type { GenerationStore } from './store.ts';

/** The generations of an open database. */
export function createGenerationStore(database: Kysely<Tables>, guarded: Guard): GenerationStore {
  return {
    list: () =>
      guarded(async () => {
        const rows = await database.selectFrom('generations').selectAll().execute();
        return rows.map(({ record }) => JSON.parse(record) as StoredGeneration);
      }),
    put: (generation) =>
      guarded(async () => {
        const record = JSON.stringify(generation);
        await database
          .insertInto('generations')
          .values({ agent_id: generation.agentId, record })
          .onConflict((conflict) => conflict.column('agent_id').doUpdateSet({ record }))
          .execute();
      }),
    remove: (agentId) =>
      guarded(async () => {
        await database.deleteFrom('generations').where('agent_id', '=', agentId).execute();
      }),
  };
}
