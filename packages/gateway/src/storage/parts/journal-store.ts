import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import {
  type JournalStore,
  type RunQuery,
  type RunRecord,
  runIdTime,
  type StepChunk,
} from '../../protocol/journal/journal.ts';
import type { Engine } from '../engines/engine.ts';
import type { RunRow, StepChunkRow, Tables } from '../tables.ts';
import { allEqual } from './all-equal.ts';
import { createRowInsert } from './row-insert.ts';
import { createRunGateways } from './run-gateways.ts';

/** Runs looked at by one statement; SQLite lets nothing else happen meanwhile. */
const READ_STEP = 5000;

/** Runs removed by one statement. */
const PRUNE_STEP = 200;

/** Columns of a run that grow until it is over. */
const changing = [
  'outcome',
  'code',
  'duration_ms',
  'usage',
  'steps',
  'bytes',
  'cost_nano_usd',
  'unpriced_calls',
] as const satisfies readonly (keyof RunRow)[];

/** The journal of an open database. */
export function createJournalStore(engine: Engine): JournalStore {
  const { relaxed, guarded } = engine;
  const putRuns = createRowInsert<RunRow>((rows) =>
    relaxed
      .insertInto('runs')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet((row) =>
            Object.fromEntries(changing.map((name) => [name, row.ref(`excluded.${name}`)])),
          ),
      ),
  );
  const putChunks = createRowInsert<StepChunkRow>((rows) =>
    relaxed
      .insertInto('run_steps')
      .values(rows)
      // A write whose answer got lost is made again.
      .onConflict((conflict) => conflict.doNothing()),
  );
  return {
    write: ({ runs, chunks }) =>
      guarded(() =>
        relaxed.transaction().execute(async (transaction) => {
          await putRuns(transaction, runs.map(toRow));
          await putChunks(transaction, chunks.map(toChunkRow));
        }),
      ),
    list: (query) => newestFitting(relaxed, guarded, query),
    async find(runId) {
      const found = relaxed.selectFrom('runs').selectAll().where('id', '=', runId);
      const row = await guarded(() => found.executeTakeFirst());
      return row ? toRecord(row) : null;
    },
    chunks: (runId, page) => readChunks(relaxed, guarded, { runId, ...page }),
    async lose() {
      const running = relaxed.updateTable('runs').set({ outcome: 'lost' });
      await guarded(() => running.where('outcome', '=', 'running').execute());
    },
    ...createRunGateways(engine),
    async prune({ beforeMs, keepBytes }) {
      const old = await pruneThrough(relaxed, guarded, `run_${runIdTime(beforeMs)}`);
      const beyond = await newestBeyond(relaxed, guarded, keepBytes);
      return beyond === null ? old : old + (await pruneThrough(relaxed, guarded, beyond));
    },
  };
}

type ChunkPage = Parameters<JournalStore['chunks']>[1] & { readonly runId: string };

async function readChunks(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  { runId, fromStep, limit, stepsOnly }: ChunkPage,
): Promise<StepChunk[]> {
  const of = database.selectFrom('run_steps').where('run_id', '=', runId);
  const first = of
    .select((row) => row.fn.max('first_step').as('step'))
    .where('first_step', '<=', fromStep);
  const held = await guarded(() => first.executeTakeFirst());
  const from = Number(held?.step ?? 0);
  const page = of.where('first_step', '>=', from).orderBy('first_step').limit(limit);
  if (stepsOnly) {
    const bare = page.select(['run_id', 'first_step', 'steps']);
    const rows = await guarded(() => bare.execute());
    return rows.map((row) => toChunk({ ...row, contents: null }));
  }
  const rows = await guarded(() => page.selectAll().execute());
  return rows.map(toChunk);
}

/** Step by step, so that nobody waits for a rare one. */
async function newestFitting(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  query: RunQuery,
): Promise<RunRecord[]> {
  const found: RunRow[] = [];
  const since = query.sinceMs === undefined ? '' : `run_${runIdTime(query.sinceMs)}`;
  let before = query.after;
  for (;;) {
    const floor = await floorOf(database, guarded, before);
    let step = filtered(database.selectFrom('runs').selectAll(), query).where('id', '>=', since);
    if (before !== undefined) step = step.where('id', '<', before);
    if (floor !== null) step = step.where('id', '>=', floor);
    const wanted = step.orderBy('id', 'desc').limit(query.limit - found.length);
    found.push(...(await guarded(() => wanted.execute())));
    if (found.length >= query.limit || floor === null || floor < since) return found.map(toRecord);
    before = floor;
    await nextTurn();
  }
}

async function floorOf(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  before: string | undefined,
): Promise<string | null> {
  let ids = database.selectFrom('runs').select('id');
  if (before !== undefined) ids = ids.where('id', '<', before);
  const last = ids.orderBy('id', 'desc').limit(1).offset(READ_STEP);
  return (await guarded(() => last.executeTakeFirst()))?.id ?? null;
}

type Selection = SelectQueryBuilder<Tables, 'runs', RunRow>;

function filtered(selection: Selection, query: RunQuery): Selection {
  const { minDurationMs } = query;
  const slow =
    minDurationMs === undefined ? selection : selection.where('duration_ms', '>=', minDurationMs);
  return slow.where(
    allEqual({
      agent_id: query.agentId,
      key_id: query.keyId,
      end_user: query.user,
      outcome: query.outcome,
      code: query.code,
      request_id: query.requestId,
      replay_of: query.replayOf,
      resumes: query.resumes,
    }),
  );
}

/** The newest run after those that hold so many bytes; null where all of them fit. */
async function newestBeyond(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  keepBytes: number,
): Promise<string | null> {
  let held = 0;
  let before: string | null = null;
  for (;;) {
    let query = database.selectFrom('runs').select(['id', 'bytes']);
    if (before !== null) query = query.where('id', '<', before);
    const rows = await guarded(() => query.orderBy('id', 'desc').limit(READ_STEP).execute());
    for (const { id, bytes } of rows) {
      held += Number(bytes);
      if (held > keepBytes) return id;
    }
    before = rows.at(-1)?.id ?? null;
    if (rows.length < READ_STEP) return null;
    await nextTurn();
  }
}

/** Removes this run and what is older, with their steps. */
async function pruneThrough(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  newest: string,
): Promise<number> {
  let removed = 0;
  for (;;) {
    const oldest = database.selectFrom('runs').select('id').where('id', '<=', newest);
    const rows = await guarded(() => oldest.orderBy('id').limit(PRUNE_STEP).execute());
    const last = rows.at(-1)?.id;
    if (last === undefined) return removed;
    await guarded(() =>
      database.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('run_steps').where('run_id', '<=', last).execute();
        await transaction.deleteFrom('runs').where('id', '<=', last).execute();
      }),
    );
    removed += rows.length;
    await nextTurn();
  }
}

function toRow(run: RunRecord): RunRow {
  return {
    id: run.id,
    started_ms: run.startedMs,
    request_id: run.requestId,
    key_id: run.keyId,
    end_user: run.user,
    agent_id: run.agentId,
    module_path: run.modulePath,
    generation: run.generation,
    replay_of: run.replayOf,
    resumes: run.resumes,
    gateway_id: run.gateway,
    outcome: run.outcome,
    code: run.code,
    duration_ms: run.durationMs,
    usage: run.usage === null ? null : JSON.stringify(run.usage),
    recorded: run.recorded,
    steps: run.steps,
    bytes: run.bytes,
    cost_nano_usd: run.costNanoUsd,
    unpriced_calls: run.unpricedCalls,
  };
}

function toRecord(row: RunRow): RunRecord {
  return {
    id: row.id,
    startedMs: Number(row.started_ms),
    requestId: row.request_id,
    keyId: row.key_id,
    user: row.end_user,
    agentId: row.agent_id,
    modulePath: row.module_path,
    generation: row.generation,
    replayOf: row.replay_of,
    resumes: row.resumes,
    gateway: row.gateway_id,
    outcome: row.outcome as RunRecord['outcome'],
    code: row.code,
    durationMs: row.duration_ms,
    usage: row.usage === null ? null : JSON.parse(row.usage),
    recorded: row.recorded as RunRecord['recorded'],
    steps: row.steps,
    bytes: Number(row.bytes),
    costNanoUsd: Number(row.cost_nano_usd),
    unpricedCalls: Number(row.unpriced_calls),
  };
}

function toChunkRow({ runId, firstStep, steps, contents }: StepChunk): StepChunkRow {
  return { run_id: runId, first_step: firstStep, steps, contents };
}

function toChunk({ run_id, first_step, steps, contents }: StepChunkRow): StepChunk {
  const bytes = contents === null ? null : new Uint8Array(contents);
  return { runId: run_id, firstStep: first_step, steps, contents: bytes };
}
