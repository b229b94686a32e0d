import type { StoredGeneration } from '../../protocol/records.ts';
import { type GenerationStore, KEPT_GENERATIONS } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';

/** The generations of an open database. */
export function createGenerationStore({ durable, guarded }: Engine): GenerationStore {
  return {
    list: () =>
      guarded(async () => {
        const rows = await durable
          .selectFrom('kept_generations')
          .select('record')
          .orderBy('served_order')
          .execute();
        return rows.map(({ record }) => JSON.parse(record) as StoredGeneration);
      }),
    put: (generation) =>
      guarded(() => durable.transaction().execute((work) => keep(work, generation))),
    remove: (agentId) =>
      guarded(async () => {
        await durable.deleteFrom('kept_generations').where('agent_id', '=', agentId).execute();
      }),
  };
}

async function keep(work: Engine['durable'], generation: StoredGeneration): Promise<void> {
  const { agentId: agent_id, filesHash: files_hash } = generation;
  const newest = await work
    .selectFrom('kept_generations')
    .select((row) => row.fn.max('served_order').as('order'))
    .executeTakeFirst();
  const row = {
    served_order: Number(newest?.order ?? 0) + 1,
    record: JSON.stringify(generation),
  };
  await work
    .insertInto('kept_generations')
    .values({ agent_id, files_hash, ...row })
    .onConflict((conflict) => conflict.columns(['agent_id', 'files_hash']).doUpdateSet(row))
    .execute();
  const orders = await work
    .selectFrom('kept_generations')
    .select('served_order')
    .where('agent_id', '=', agent_id)
    .orderBy('served_order', 'desc')
    .execute();
  const [oldest] = orders.slice(KEPT_GENERATIONS - 1);
  if (oldest === undefined) return;
  await work
    .deleteFrom('kept_generations')
    .where('agent_id', '=', agent_id)
    .where('served_order', '<', oldest.served_order)
    .execute();
}
