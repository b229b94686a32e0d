import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';
import type { UsagePage, UsageQuery, UsageSums } from '../../protocol/admin/usage-answer.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { KeyStore } from '../../protocol/store.ts';
import {
  noCounts,
  type UsageCounts,
  type UsageDimension,
  type UsageRecord,
  type UsageStore,
  usageCountNames,
} from '../../protocol/usage/usage.ts';

export type ReadUsageDeps = {
  readonly store: Pick<UsageStore, 'days' | 'sumDay' | 'unpriced'>;
  readonly keys: Pick<KeyStore, 'list'>;
  /** Writes what is not written yet. */
  readonly flush: () => Promise<void>;
  /** Whether a viewer may read the runs of an agent; without a record of it. */
  readonly mayRead: (viewer: Caller, agentId: string) => boolean;
};

/**
 * Reads what was used, of the agents whose runs the viewer may read.
 *
 * @throws GatewayError `invalid_value` where there are too many rows to put in order, or `after` is none of a page.
 */
export type ReadUsage = (viewer: Caller, query: UsageQuery) => Promise<UsagePage>;

/** So many are summed up at most for one answer. */
const MAX_ROWS = 100_000;

/** Models without a price that are named. */
const MAX_UNPRICED = 50;

/** Rows that are read before other work has its turn. */
const ROWS_AT_ONCE = 2000;

type Counts = { -readonly [Name in keyof UsageCounts]: UsageCounts[Name] };

type Row = { readonly values: readonly string[]; readonly counts: Counts };

/** Day by day, and these bit by bit, so that nobody waits for many of them. */
export function createReadUsage({ store, keys, flush, mayRead }: ReadUsageDeps): ReadUsage {
  return async (viewer, query) => {
    await flush();
    const { by } = query;
    const of = by.some(isOfModel) ? 'model_calls' : 'all';
    const groups = [...new Set<UsageDimension>([...by, 'agent'])];
    const readable = rememberedOf((agentId) => mayRead(viewer, agentId));
    const sums = createSums(by);
    const unpriced = new Map<string, UsagePage['unpriced'][number]>();
    for (const day of await store.days(query)) {
      const before = sums.totals.unpricedCalls;
      let after: UsageRecord | undefined;
      do {
        const rows = await store.sumDay(day, { by: groups, of, after, limit: ROWS_AT_ONCE });
        for (const row of rows) if (readable(row.agentId)) sums.add(row);
        after = rows.length < ROWS_AT_ONCE ? undefined : rows.at(-1);
        await nextTurn();
      } while (after);
      if (sums.totals.unpricedCalls === before) continue;
      for (const { agentId, upstream, model } of await store.unpriced(day, MAX_ROWS))
        if (readable(agentId) && unpriced.size < MAX_UNPRICED)
          unpriced.set(`${upstream} ${model}`, { upstream, model });
    }
    const { page, next } = pageOf(sums.rows().toSorted(inOrder), query);
    const named = by.includes('key') ? await nameKeys(keys) : null;
    const shown = (counts: UsageCounts) => toJson(counts, of === 'all');
    return {
      since: query.since,
      until: query.until,
      by: [...by],
      totals: shown(sums.totals),
      rows: page.map(({ values, counts }) => ({
        ...namesOf(by, values),
        ...named?.(values[by.indexOf('key')]),
        ...shown(counts),
      })),
      unpriced: [...unpriced.values()],
      next,
    };
  };
}

async function nameKeys(keys: ReadUsageDeps['keys']) {
  const names = new Map((await keys.list()).map(({ id, name }) => [id, name]));
  return (id: string | undefined) => ({ key_name: names.get(id ?? '') ?? null });
}

function isOfModel(dimension: UsageDimension): boolean {
  return dimension === 'model' || dimension === 'upstream';
}

function rememberedOf(ask: (id: string) => boolean): (id: string) => boolean {
  const known = new Map<string, boolean>();
  return (id) => {
    const answer = known.get(id) ?? ask(id);
    known.set(id, answer);
    return answer;
  };
}

const readings: Readonly<Record<UsageDimension, (record: UsageRecord) => string>> = {
  key: ({ keyId }) => keyId,
  agent: ({ agentId }) => agentId,
  model: ({ model }) => model,
  upstream: ({ upstream }) => upstream,
  user: ({ user }) => user,
  day: ({ day }) => day,
};

const nameOf = {
  key: 'key_id',
  agent: 'agent_id',
  model: 'model',
  upstream: 'upstream',
  user: 'user',
  day: 'day',
} as const satisfies Record<UsageDimension, string>;

function namesOf(by: readonly UsageDimension[], values: readonly string[]) {
  return Object.fromEntries(by.map((each, at) => [nameOf[each], values[at] ?? '']));
}

function createSums(by: readonly UsageDimension[]) {
  const rows = new Map<string, Row>();
  const totals = noCounts();
  const rowOf = (sum: UsageRecord): Row => {
    const values = by.map((each) => readings[each](sum));
    const id = values.join('\0');
    const known = rows.get(id);
    if (known) return known;
    if (rows.size >= MAX_ROWS) throw tooMany();
    const row = { values, counts: noCounts() };
    rows.set(id, row);
    return row;
  };
  return {
    totals,
    rows: () => [...rows.values()],
    add(sum: UsageRecord) {
      const { counts } = rowOf(sum);
      for (const name of usageCountNames) {
        counts[name] += sum[name];
        totals[name] += sum[name];
      }
    },
  };
}

function tooMany(): GatewayError {
  return new GatewayError(
    'invalid_value',
    `This is more than ${MAX_ROWS} rows. Ask for fewer days, or by less.`,
    { param: 'by' },
  );
}

function inOrder(a: Row, b: Row): number {
  return compare(a.values, b.values);
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (const [at, value] of a.entries()) {
    const other = b[at] ?? '';
    if (value !== other) return value < other ? -1 : 1;
  }
  return 0;
}

function pageOf(rows: readonly Row[], { after, limit, by }: UsageQuery) {
  const last = after === undefined ? null : readCursor(after, by.length);
  const rest = last === null ? rows : rows.filter(({ values }) => compare(values, last) > 0);
  const page = rest.slice(0, limit);
  const end = rest.length > limit ? page.at(-1) : undefined;
  const next = end ? Buffer.from(JSON.stringify(end.values)).toString('base64url') : null;
  return { page, next };
}

function readCursor(after: string, length: number): readonly string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(after, 'base64url').toString());
    const isOne =
      Array.isArray(values) &&
      values.length === length &&
      values.every((value) => typeof value === 'string');
    if (isOne) return values;
  } catch {
    // It is none.
  }
  throw new GatewayError('invalid_value', 'Give the `next` of the page before.', {
    param: 'after',
  });
}

function toJson(counts: UsageCounts, hasRuns: boolean): UsageSums {
  const { costNanoUsd, unpricedCalls } = counts;
  return {
    runs: hasRuns ? counts.runs : null,
    model_calls: counts.modelCalls,
    failed_calls: counts.failedCalls,
    aborted_calls: counts.abortedCalls,
    input_tokens: counts.inputTokens,
    output_tokens: counts.outputTokens,
    cached_input_tokens: counts.cachedInputTokens,
    reasoning_tokens: counts.reasoningTokens,
    cost_usd: shownCost(costNanoUsd, unpricedCalls),
    unpriced_calls: unpricedCalls,
  };
}

/** In US dollars; null where there is something of which no price at all is known. */
function shownCost(nanoUsd: number, unpricedCalls: number): number | null {
  return nanoUsd === 0 && unpricedCalls > 0 ? null : nanoUsd / 1_000_000_000;
}
