import type { StoredGeneration } from '../../protocol/records.ts';
import type { GenerationStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';

/** The generations of an open database. */
export function createGenerationStore({ durable, guarded }: Engine): GenerationStore {
  return {
    list: () =>
      guarded(async () => {
        const rows = await durable.selectFrom('generations').selectAll().execute();
        return rows.map(({ record }) => JSON.parse(record) as StoredGeneration);
      }),
    put: (generation) =>
      guarded(async () => {
        const record = JSON.stringify(generation);
        await durable
          .insertInto('generations')
          .values({ agent_id: generation.agentId, record })
          .onConflict((conflict) => conflict.column('agent_id').doUpdateSet({ record }))
          .execute();
      }),
    remove: (agentId) =>
      guarded(async () => {
        await durable.deleteFrom('generations').where('agent_id', '=', agentId).execute();
      }),
  };
}
