import type { ApprovalStore } from '../../../protocol/state/approval-store.ts';
import type { Engine } from '../../engines/engine.ts';
import { removeState } from './answer-calls.ts';
import { pruneFiles } from './waiting-files.ts';

/** Runs looked at by one statement. */
const STEP = 500;

/** Most runs that are looked at for room. */
const MOST_CROWDED = 50_000;

/** What is over of runs that wait. */
export function createPruneWaiting(engine: Engine): Pick<ApprovalStore, 'overdue' | 'prune'> {
  const { durable, guarded } = engine;
  return {
    async overdue({ nowMs, keepBytes }) {
      const late = durable
        .selectFrom('waiting_runs')
        .select('run_id')
        .where('status', '=', 'waiting')
        .where('expires_ms', '<=', Math.floor(nowMs))
        .limit(STEP);
      const expired = (await guarded(() => late.execute())).map((row) => row.run_id);
      return { expired, crowded: await crowded(engine, keepBytes) };
    },
    async prune({ nowMs, deadMs, beforeMs }) {
      await forgetDead(engine, deadMs);
      for (;;) {
        const old = durable
          .selectFrom('waiting_runs')
          .select('run_id')
          .where('status', 'not in', ['waiting', 'resumed'])
          .where('created_ms', '<', Math.floor(beforeMs))
          .limit(STEP);
        const ids = (await guarded(() => old.execute())).map((row) => row.run_id);
        if (ids.length === 0) break;
        await guarded(() =>
          durable.transaction().execute(async (work) => {
            await work.deleteFrom('waiting_calls').where('run_id', 'in', ids).execute();
            await work.deleteFrom('waiting_states').where('run_id', 'in', ids).execute();
            await work.deleteFrom('waiting_runs').where('run_id', 'in', ids).execute();
          }),
        );
      }
      await pruneFiles(engine, nowMs);
    },
  };
}

/** Of runs that went on in a gateway which died nobody knows how far they came. */
async function forgetDead({ durable, guarded }: Engine, deadMs: number): Promise<void> {
  await guarded(() =>
    durable.transaction().execute(async (work) => {
      const dead = await work
        .updateTable('waiting_runs')
        .set({ status: 'unknown', claim: null, claimed_until_ms: null, bytes: 0 })
        .where('status', '=', 'resumed')
        .where('resumed_by', 'is not', null)
        .where('claimed_until_ms', '<', Math.floor(deadMs))
        .returning('run_id')
        .execute();
      for (const { run_id } of dead) await removeState(work, run_id);
    }),
  );
}

/** The oldest runs, of the keys that hold most, that there is no room for. */
async function crowded(engine: Engine, keepBytes: number): Promise<string[]> {
  const { durable, guarded } = engine;
  let over = (await heldBytes(engine)) - keepBytes;
  if (over <= 0) return [];
  const all = durable
    .selectFrom('waiting_runs')
    .select(['run_id', 'key_id', 'bytes'])
    .where('status', '=', 'waiting')
    .orderBy('created_ms')
    .limit(MOST_CROWDED);
  const rows = await guarded(() => all.execute());
  const runs = rows.map((row) => ({ ...row, bytes: Number(row.bytes) }));
  const gone: string[] = [];
  // Who holds most stands last, so that with many thousands of them none is looked at for each run that goes.
  const holders = [...Map.groupBy(runs, (run) => run.key_id).values()]
    .map((held): Holder => ({ newestFirst: held.toReversed(), bytes: sumOf(held) }))
    .sort((a, b) => a.bytes - b.bytes);
  while (over > 0) {
    const most = holders.pop();
    const oldest = most?.newestFirst.pop();
    if (!most || !oldest) break;
    over -= oldest.bytes;
    gone.push(oldest.run_id);
    const bytes = most.bytes - oldest.bytes;
    holders.splice(placeOf(holders, bytes), 0, { ...most, bytes });
  }
  return gone;
}

type Holder = {
  readonly newestFirst: { readonly run_id: string; readonly bytes: number }[];
  readonly bytes: number;
};

/** Where one who holds so much stands among others, the least first. */
function placeOf(holders: readonly Holder[], bytes: number): number {
  let [from, to] = [0, holders.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((holders[middle]?.bytes ?? 0) < bytes) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Runs that go on count too, and files that several share once. */
async function heldBytes({ durable, guarded }: Engine): Promise<number> {
  const files = durable
    .selectFrom('waiting_files')
    .select(({ fn }) => fn.sum(fn('length', ['packed'])).as('bytes'));
  const runs = durable.selectFrom('waiting_runs').select(({ fn }) => fn.sum('bytes').as('bytes'));
  const ofFiles = await guarded(() => files.executeTakeFirst());
  const ofRuns = await guarded(() => runs.executeTakeFirst());
  return Number(ofFiles?.bytes ?? 0) + Number(ofRuns?.bytes ?? 0);
}

function sumOf(runs: readonly { readonly bytes: number }[]): number {
  return runs.reduce((sum, { bytes }) => sum + bytes, 0);
}
