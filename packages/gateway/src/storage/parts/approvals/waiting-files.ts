import type { Kysely } from 'kysely';
import type { StoredGeneration } from '../../../protocol/records.ts';
import type { ApprovalStore, KeptGenerationFiles } from '../../../protocol/state/approval-store.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Tables } from '../../tables.ts';
import { pack, unpack } from './pack.ts';

/** How long bytes stay that nothing needs: whoever asks whether they are kept is about to need them. */
const SPARED_MS = 600_000;

const REMOVED_AT_ONCE = 200;

/** Reads the bytes that runs wait to go on with. */
export function createWaitingFiles({
  durable,
  guarded,
}: Engine): Pick<ApprovalStore, 'hasGeneration' | 'generation' | 'file'> {
  const of = (agentId: string, filesHash: string) =>
    durable
      .selectFrom('waiting_generations')
      .select('record')
      .where('agent_id', '=', agentId)
      .where('files_hash', '=', filesHash);
  return {
    async hasGeneration(agentId, filesHash, nowMs) {
      const asked = durable
        .updateTable('waiting_generations')
        .set({ kept_ms: Math.floor(nowMs) })
        .where('agent_id', '=', agentId)
        .where('files_hash', '=', filesHash);
      const { numUpdatedRows } = await guarded(() => asked.executeTakeFirstOrThrow());
      return numUpdatedRows === 1n;
    },
    async generation(agentId, filesHash) {
      const row = await guarded(() => of(agentId, filesHash).executeTakeFirst());
      return row ? (JSON.parse(row.record) as StoredGeneration) : null;
    },
    async file(sha256) {
      const found = durable
        .selectFrom('waiting_files')
        .select('packed')
        .where('sha256', '=', sha256);
      const row = await guarded(() => found.executeTakeFirst());
      return row ? unpack(row.packed) : null;
    },
  };
}

/** Bytes of a generation, packed. */
export type PackedGeneration = {
  readonly record: StoredGeneration;
  readonly files: readonly { readonly sha256: string; readonly packed: Uint8Array }[];
};

/** Packs the bytes of a generation, which takes a while. */
export async function packGeneration({
  record,
  files,
}: KeptGenerationFiles): Promise<PackedGeneration> {
  const packed: { sha256: string; packed: Uint8Array }[] = [];
  // One after another: together they may be large.
  for (const [sha256, bytes] of files) packed.push({ sha256, packed: await pack(bytes) });
  return { record, files: packed };
}

/** Keeps the bytes of a generation, each once. */
export async function keepGeneration(
  work: Kysely<Tables>,
  { record, files }: PackedGeneration,
  nowMs: number,
): Promise<void> {
  const kept_ms = Math.floor(nowMs);
  // In one order, so that of two who keep the same none waits for the other in a circle.
  for (const file of files.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1))) {
    await work
      .insertInto('waiting_files')
      .values({ ...file, kept_ms })
      .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ kept_ms }))
      .execute();
  }
  const { agentId: agent_id, filesHash: files_hash } = record;
  await work
    .insertInto('waiting_generations')
    .values({ agent_id, files_hash, record: JSON.stringify(record), kept_ms })
    .onConflict((conflict) => conflict.columns(['agent_id', 'files_hash']).doUpdateSet({ kept_ms }))
    .execute();
}

/** Removes generations that no run waits to go on with, and bytes that none of the others is made of. */
export async function pruneFiles({ durable, guarded }: Engine, nowMs: number): Promise<void> {
  const before = Math.floor(nowMs - SPARED_MS);
  const unneeded = durable
    .deleteFrom('waiting_generations')
    .where('kept_ms', '<', before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('waiting_runs')
            .select('run_id')
            .where('status', 'in', ['waiting', 'resumed'])
            .whereRef('waiting_runs.agent_id', '=', 'waiting_generations.agent_id')
            .whereRef('waiting_runs.files_hash', '=', 'waiting_generations.files_hash'),
        ),
      ),
    );
  await guarded(() => unneeded.execute());
  const hashes = durable.selectFrom('waiting_files').select('sha256').where('kept_ms', '<', before);
  const old = await guarded(() => hashes.execute());
  if (old.length === 0) return;
  const records = durable.selectFrom('waiting_generations').select('record');
  const left = (await guarded(() => records.execute())).flatMap(({ record }) =>
    (JSON.parse(record) as StoredGeneration).manifest.files.map((file) => file.sha256),
  );
  const used = new Set(left);
  const unused = old.map(({ sha256 }) => sha256).filter((sha256) => !used.has(sha256));
  for (let at = 0; at < unused.length; at += REMOVED_AT_ONCE) {
    const some = unused.slice(at, at + REMOVED_AT_ONCE);
    const gone = durable
      .deleteFrom('waiting_files')
      .where('sha256', 'in', some)
      .where('kept_ms', '<', before);
    await guarded(() => gone.execute());
  }
}
