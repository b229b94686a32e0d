import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ExpressionBuilder, sql } from 'kysely';
import {
  type UsageDimension,
  type UsageRecord,
  type UsageStore,
  usageCountNames,
} from '../../protocol/usage/usage.ts';
import type { Engine } from '../engines/engine.ts';
import type { Tables, UsageRow } from '../tables.ts';
import { createRowInsert } from './row-insert.ts';

/** Columns of the counts, by their names elsewhere. */
const countColumns = {
  runs: 'runs',
  modelCalls: 'model_calls',
  failedCalls: 'failed_calls',
  abortedCalls: 'aborted_calls',
  inputTokens: 'input_tokens',
  outputTokens: 'output_tokens',
  cachedInputTokens: 'cached_input_tokens',
  reasoningTokens: 'reasoning_tokens',
  costNanoUsd: 'cost_nano_usd',
  unpricedCalls: 'unpriced_calls',
} as const satisfies Record<(typeof usageCountNames)[number], keyof UsageRow>;

const placeColumns = {
  key: 'key_id',
  agent: 'agent_id',
  model: 'model',
  upstream: 'upstream',
  user: 'end_user',
  day: 'day',
} as const satisfies Record<UsageDimension, keyof UsageRow>;

const columns = usageCountNames.map((name) => countColumns[name]);

const keyColumns = ['day', 'key_id', 'agent_id', 'model', 'upstream', 'end_user'] as const;

/** What was used, in an open database. */
export function createUsageStore({ relaxed, guarded }: Engine): UsageStore {
  const addRows = createRowInsert<UsageRow>((rows) =>
    relaxed
      .insertInto('usage')
      .values(rows)
      .onConflict((conflict) => conflict.columns([...keyColumns]).doUpdateSet(grown)),
  );
  return {
    add: (records) =>
      guarded(() =>
        relaxed.transaction().execute((transaction) =>
          // In one order everywhere, or two gateways that add to the same rows could wait for each other.
          addRows(transaction, records.map(toRow).toSorted(byKey)),
        ),
      ),
    async days({ since, until }) {
      const all = relaxed.selectFrom('usage').select('day').distinct().orderBy('day');
      const wanted = all.where('day', '>=', since).where('day', '<=', until);
      return (await guarded(() => wanted.execute())).map(({ day }) => day);
    },
    async sumDay(day, { by, of, after, limit }) {
      const names = by.filter((each) => each !== 'day').map((each) => placeColumns[each]);
      let query = relaxed.selectFrom('usage').where('day', '=', day).select(names).select(sums);
      if (of === 'model_calls') query = query.where('upstream', '<>', '');
      if (names.length > 0) query = query.groupBy(names).limit(limit);
      for (const name of names) query = query.orderBy(name);
      if (names.length > 0 && after) query = query.where(isAfter(names, toRow(after)));
      const rows = await guarded(() => query.execute());
      return rows.map((row) => toRecord({ ...nowhere, ...row, day }));
    },
    async unpriced(day, limit) {
      const all = relaxed.selectFrom('usage').select(['agent_id', 'upstream', 'model']).distinct();
      const wanted = all.where('day', '=', day).where('unpriced_calls', '>', 0).limit(limit);
      const rows = await guarded(() => wanted.execute());
      return rows.map(({ agent_id: agentId, ...rest }) => ({ agentId, ...rest }));
    },
    async usedModels(sinceDay) {
      const of = relaxed.selectFrom('usage').select(['agent_id', 'key_id', 'upstream', 'model']);
      const wanted = of.distinct().where('day', '>=', sinceDay).where('model', '<>', '');
      const rows = await guarded(() => wanted.execute());
      return rows.map(({ agent_id: agentId, key_id: keyId, ...called }) => ({
        agentId,
        keyId,
        ...called,
      }));
    },
    async prune(beforeDay) {
      let removed = 0;
      for (;;) {
        const oldest = relaxed.selectFrom('usage').select((row) => row.fn.min('day').as('day'));
        const day = (await guarded(() => oldest.executeTakeFirst()))?.day;
        if (!day || day >= beforeDay) return removed;
        const gone = relaxed.deleteFrom('usage').where('day', '=', day);
        removed += Number((await guarded(() => gone.executeTakeFirst())).numDeletedRows);
        await nextTurn();
      }
    },
  };
}

/** What is there already grows by what comes. */
const grown = Object.fromEntries(
  columns.map((name) => [
    name,
    sql<number>`${sql.ref(`usage.${name}`)} + ${sql.ref(`excluded.${name}`)}`,
  ]),
);

const nowhere = { key_id: '', agent_id: '', model: '', upstream: '', end_user: '' };

function isAfter(names: readonly (keyof UsageRow)[], last: UsageRow) {
  const columnsOf = sql.join(names.map((name) => sql.ref(name)));
  return sql<boolean>`(${columnsOf}) > (${sql.join(names.map((name) => last[name]))})`;
}

/** Whole numbers in both databases: Postgres makes something else of a sum. */
function sums(_row: ExpressionBuilder<Tables, 'usage'>) {
  return columns.map((name) =>
    sql<number>`cast(coalesce(sum(${sql.ref(name)}), 0) as bigint)`.as(name),
  );
}

function byKey(a: UsageRow, b: UsageRow): number {
  for (const name of keyColumns) if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
  return 0;
}

function toRow(record: UsageRecord): UsageRow {
  return {
    day: record.day,
    key_id: record.keyId,
    agent_id: record.agentId,
    model: record.model,
    upstream: record.upstream,
    end_user: record.user,
    runs: record.runs,
    model_calls: record.modelCalls,
    failed_calls: record.failedCalls,
    aborted_calls: record.abortedCalls,
    input_tokens: record.inputTokens,
    output_tokens: record.outputTokens,
    cached_input_tokens: record.cachedInputTokens,
    reasoning_tokens: record.reasoningTokens,
    cost_nano_usd: record.costNanoUsd,
    unpriced_calls: record.unpricedCalls,
  };
}

function toRecord(row: UsageRow): UsageRecord {
  return {
    day: row.day,
    keyId: row.key_id,
    agentId: row.agent_id,
    model: row.model,
    upstream: row.upstream,
    user: row.end_user,
    runs: row.runs,
    modelCalls: row.model_calls,
    failedCalls: row.failed_calls,
    abortedCalls: row.aborted_calls,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedInputTokens: row.cached_input_tokens,
    reasoningTokens: row.reasoning_tokens,
    costNanoUsd: row.cost_nano_usd,
    unpricedCalls: row.unpriced_calls,
  };
}
