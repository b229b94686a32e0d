import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely, SelectQueryBuilder } from 'kysely';
import { isNotable } from '../../protocol/notable-decisions.ts';
import type { Action, DecisionRecord, Role, RuleSource } from '../../protocol/policy.ts';
import type { DecisionQuery } from '../../protocol/security/decision-query.ts';
import type { DecisionStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';
import type { DecisionRow, Tables } from '../tables.ts';
import { allEqual } from './all-equal.ts';
import { type DecisionTable, newestBeyond, pruneDecisions, READ_STEP } from './prune-decisions.ts';
import { createRowInsert } from './row-insert.ts';

/** Where decisions are kept: those that are looked for later, apart from the mass. */
type Table = 'decisions' | 'notable_decisions';

const tables: readonly Table[] = ['notable_decisions', 'decisions'];

/** The decision log of an open database. */
export function createDecisionStore({ relaxed, guarded }: Engine): DecisionStore {
  const insertInto = (table: Table) =>
    // An append whose answer got lost is made again.
    createRowInsert<DecisionRow>((rows) =>
      relaxed
        .insertInto(table)
        .values(rows)
        .onConflict((conflict) => conflict.doNothing()),
    );
  const insert = {
    decisions: insertInto('decisions'),
    notable_decisions: insertInto('notable_decisions'),
  };
  return {
    append: (records) =>
      guarded(() =>
        relaxed.transaction().execute(async (transaction) => {
          for (const [table, own] of Map.groupBy(records, tableOf))
            await insert[table](transaction, own.map(toRow));
        }),
      ),
    async list(query) {
      const rows = await newestOfAll(relaxed, guarded, query);
      const decisions = rows.slice(0, query.limit).map(toRecord);
      const isLast = rows.length <= query.limit;
      return { decisions, next: isLast ? null : (decisions.at(-1)?.id ?? null) };
    },
    async prune(limits) {
      let removed = 0;
      for (const table of tables)
        removed += await pruneDecisions(part(relaxed, table), guarded, {
          ...limits,
          isShared: table === 'notable_decisions',
        });
      return removed;
    },
  };
}

function tableOf(record: DecisionRecord): Table {
  return isNotable(record) ? 'notable_decisions' : 'decisions';
}

/** Those that can hold what is asked for. */
function tablesFor(query: DecisionQuery): readonly Table[] {
  const { effect, action } = query;
  if (isNotable(query)) return ['notable_decisions'];
  return effect !== undefined && action !== undefined ? ['decisions'] : tables;
}

/** One more than the page holds, where there are so many, of both tables. */
async function newestOfAll(
  database: Kysely<Tables>,
  guarded: Engine['guarded'],
  query: DecisionQuery,
): Promise<readonly DecisionRow[]> {
  const found: DecisionRow[] = [];
  for (const table of tablesFor(query))
    found.push(...(await guarded(() => newestFitting(part(database, table), query))));
  return found.toSorted((a, b) => (a.id < b.id ? 1 : -1)).slice(0, query.limit + 1);
}

function part(database: Kysely<Tables>, table: Table): DecisionTable {
  return { database, table: table as 'decisions' };
}

/** One more than the page holds, where there are so many. */
async function newestFitting(
  { database, table }: DecisionTable,
  query: DecisionQuery,
): Promise<readonly DecisionRow[]> {
  const wanted = query.limit + 1;
  const since = query.since === undefined ? 0 : Date.parse(query.since);
  const rows: DecisionRow[] = [];
  let before = query.after;
  for (;;) {
    const floor = await newestBeyond({ database, table }, READ_STEP, before);
    let step = filtered(database.selectFrom(table).selectAll(), query);
    if (before !== undefined) step = step.where('id', '<', before);
    if (floor !== null) step = step.where('id', '>=', floor.id);
    rows.push(
      ...(await step
        .orderBy('id', 'desc')
        .limit(wanted - rows.length)
        .execute()),
    );
    if (rows.length === wanted || floor === null || floor.time_ms < since) return rows;
    before = floor.id;
    await nextTurn();
  }
}

type Selection = SelectQueryBuilder<Tables, 'decisions', DecisionRow>;

function filtered(selection: Selection, query: DecisionQuery): Selection {
  const equal = {
    key_id: query.keyId,
    end_user: query.user,
    agent_id: query.agentId,
    action: query.action,
    effect: query.effect,
    tool: query.tool,
    rule_id: query.ruleId,
    request_id: query.requestId,
  };
  let result = selection.where(allEqual(equal));
  const { since, until } = query;
  if (since !== undefined) result = result.where('time_ms', '>=', Date.parse(since));
  if (until !== undefined) result = result.where('time_ms', '<', Date.parse(until));
  return result;
}

function toRow(record: DecisionRecord): DecisionRow {
  return {
    id: record.id,
    time_ms: Date.parse(record.time),
    request_id: record.requestId,
    key_id: record.keyId,
    end_user: record.user,
    role: record.role,
    action: record.action,
    effect: record.effect,
    resource: record.resource,
    agent_id: record.agentId,
    module_path: record.modulePath,
    tool: record.tool,
    rule_id: record.ruleId,
    tier: record.tier,
    source: record.source,
    reason: record.reason,
  };
}

function toRecord(row: DecisionRow): DecisionRecord {
  return {
    id: row.id,
    time: new Date(row.time_ms).toISOString(),
    requestId: row.request_id,
    keyId: row.key_id,
    user: row.end_user,
    role: row.role as Role | null,
    action: row.action as Action,
    effect: row.effect as DecisionRecord['effect'],
    resource: row.resource,
    agentId: row.agent_id,
    modulePath: row.module_path,
    tool: row.tool,
    ruleId: row.rule_id,
    tier: row.tier,
    source: row.source as RuleSource | null,
    reason: row.reason,
  };
}
