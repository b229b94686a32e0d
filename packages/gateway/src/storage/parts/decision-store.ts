import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CompiledQuery, Kysely, SelectQueryBuilder } from 'kysely';
import { isNotable } from '../../protocol/notable-decisions.ts';
import type {
  Action,
  DecisionQuery,
  DecisionRecord,
  Role,
  RuleSource,
} from '../../protocol/policy.ts';
import type { DecisionStore } from '../../protocol/store.ts';
import type { Engine } from '../engines/engine.ts';
import type { DecisionRow, Tables } from '../tables.ts';

/** Rows of one statement: few sizes, each of which is kept compiled, and few statements for any number of rows. */
const INSERT_SIZES = [256, 128, 64, 32, 16, 8, 4, 2, 1] as const;

/** Rows looked at and removed by one statement; SQLite lets nothing else happen meanwhile. */
const READ_STEP = 5000;
const PRUNE_STEP = 1000;

/** Where decisions are kept: those that are looked for later, apart from the mass. */
type Table = 'decisions' | 'notable_decisions';

const tables: readonly Table[] = ['notable_decisions', 'decisions'];

/** The decision log of an open database. */
export function createDecisionStore({ relaxed, guarded }: Engine): DecisionStore {
  const insert = createInsert(relaxed);
  return {
    append: (records) =>
      guarded(() =>
        relaxed.transaction().execute(async (transaction) => {
          for (const [table, own] of Map.groupBy(records, tableOf))
            for (const rows of inSizes(own.map(toRow))) await insert(transaction, table, rows);
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
        removed += await pruneTable(part(relaxed, table), guarded, limits);
      return removed;
    },
  };
}

function tableOf(record: DecisionRecord): Table {
  return isNotable(record) ? 'notable_decisions' : 'decisions';
}

/** Those that can hold what is asked for. */
function tablesFor({ effect, action }: DecisionQuery): readonly Table[] {
  if (effect === 'deny' || action === 'administer') return ['notable_decisions'];
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

async function pruneTable(
  from: Part,
  guarded: Engine['guarded'],
  { beforeIso, keep }: Parameters<DecisionStore['prune']>[0],
): Promise<number> {
  const before = Date.parse(beforeIso);
  const newest = await guarded(() => newestBeyond(from, keep));
  const isOver = ({ id, time_ms }: Place) =>
    time_ms < before || (newest !== null && id <= newest.id);
  let removed = 0;
  for (;;) {
    const count = await guarded(() => removeOldest(from, isOver));
    removed += count;
    if (count < PRUNE_STEP) return removed;
    await nextTurn();
  }
}

/** One table of a database. The types say `decisions`, because the other has the same columns. */
type Part = { readonly database: Kysely<Tables>; readonly table: 'decisions' };

function part(database: Kysely<Tables>, table: Table): Part {
  return { database, table: table as 'decisions' };
}

/** Adds rows, as many as any of the sizes. */
function createInsert(database: Kysely<Tables>) {
  const compiled = new Map<string, CompiledQuery>();
  return async (
    transaction: Kysely<Tables>,
    table: Table,
    rows: readonly DecisionRow[],
  ): Promise<void> => {
    const id = `${table} ${rows.length}`;
    let statement = compiled.get(id);
    if (!statement) {
      const adding = database.insertInto(table).values(rows);
      // An append whose answer got lost is made again.
      statement = adding.onConflict((conflict) => conflict.doNothing()).compile();
      compiled.set(id, statement);
    }
    // All rows have their columns in one order, that of the statement.
    const parameters = rows.flatMap((row) => Object.values(row));
    await transaction.executeQuery({ ...statement, parameters });
  };
}

type Place = Pick<DecisionRow, 'id' | 'time_ms'>;

/** One more than the page holds, where there are so many. */
async function newestFitting(
  { database, table }: Part,
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

function* inSizes<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  let start = 0;
  for (const size of INSERT_SIZES) {
    for (; rows.length - start >= size; start += size) yield rows.slice(start, start + size);
  }
}

type Selection = SelectQueryBuilder<Tables, 'decisions', DecisionRow>;

function filtered(selection: Selection, query: DecisionQuery): Selection {
  let result = selection;
  const equal = {
    key_id: query.keyId,
    agent_id: query.agentId,
    action: query.action,
    effect: query.effect,
    tool: query.tool,
    rule_id: query.ruleId,
    request_id: query.requestId,
  };
  for (const [column, value] of Object.entries(equal)) {
    if (value !== undefined) result = result.where(column as keyof typeof equal, '=', value);
  }
  const { since, until } = query;
  if (since !== undefined) result = result.where('time_ms', '>=', Date.parse(since));
  if (until !== undefined) result = result.where('time_ms', '<', Date.parse(until));
  return result;
}

/** The newest one after so many others, of those before an id; null where there are not so many. */
async function newestBeyond(
  { database, table }: Part,
  count: number,
  before?: string,
): Promise<Place | null> {
  let query = database.selectFrom(table).select(['id', 'time_ms']);
  if (before !== undefined) query = query.where('id', '<', before);
  const row = await query.orderBy('id', 'desc').limit(1).offset(count).executeTakeFirst();
  return row ?? null;
}

/** Removes the oldest ones for as long as they are to go, at most a step. */
async function removeOldest(
  { database, table }: Part,
  isOver: (place: Place) => boolean,
): Promise<number> {
  const oldest = await database
    .selectFrom(table)
    .select(['id', 'time_ms'])
    .orderBy('id')
    .limit(PRUNE_STEP)
    .execute();
  const stays = oldest.findIndex((place) => !isOver(place));
  const over = stays === -1 ? oldest : oldest.slice(0, stays);
  const last = over.at(-1);
  if (!last) return 0;
  await database.deleteFrom(table).where('id', '<=', last.id).execute();
  return over.length;
}

function toRow(record: DecisionRecord): DecisionRow {
  return {
    id: record.id,
    time_ms: Date.parse(record.time),
    request_id: record.requestId,
    key_id: record.keyId,
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
