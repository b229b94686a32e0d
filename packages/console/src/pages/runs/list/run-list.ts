import type { Run, RunPage } from '../../../api/runs.ts';

/** A row; `run` is null where it is far from what is seen, and not held. */
export type RunRow = { readonly id: string; readonly run: Run | null };

/** Rows that were read together. */
export type ListPage = {
  /** The cursor that they come after; null of the newest. */
  readonly after: string | null;
  readonly rows: readonly RunRow[];
};

/** Runs, newest first, as far as they were read. */
export type RunList = {
  readonly pages: readonly ListPage[];
  /** Cursor of what was not read yet; null at the end. */
  readonly next: string | null;
};

/** Pages on each side of those that are seen whose runs are held. */
const heldBeside = 4;

/** Where so many rows have come at the top, older ones are read anew when they are scrolled to. */
const mostAtTop = 300;

/** A list that begins with a page. */
export function listOf({ runs, next }: RunPage): RunList {
  return { pages: [{ after: null, rows: toRows(runs) }], next };
}

/** A list with the next page, which came after `after`; as it was where that is not its end any more. */
export function withNext(list: RunList, after: string, { runs, next }: RunPage): RunList {
  if (list.next !== after) return list;
  return { pages: [...list.pages, { after, rows: toRows(runs) }], next };
}

/**
 * A list with the newest runs in place of those at its top.
 *
 * @returns How many rows are new; `isMore` where what was there before is further down than was read.
 */
export function withNewest(
  list: RunList,
  head: RunPage,
): { readonly list: RunList; readonly added: number; readonly isMore: boolean } {
  const [first, ...others] = list.pages;
  const known = new Map(first?.rows.map((row) => [row.id, row]));
  const newest = first?.rows[0]?.id ?? '';
  const added = head.runs.filter(({ id }) => id > newest && !known.has(id)).length;
  const oldest = head.runs.at(-1)?.id;
  if (!first || oldest === undefined || head.next === null) {
    return { list: listOf(head), added, isMore: false };
  }
  const isMore = oldest > newest;
  const rows = [...toRows(head.runs, known), ...first.rows.filter(({ id }) => id < oldest)];
  if (isMore || rows.length > mostAtTop) return { list: listOf(head), added, isMore };
  if (isSameRows(rows, first.rows)) return { list, added, isMore };
  return { list: { ...list, pages: [{ ...first, rows }, ...others] }, added, isMore };
}

/** A list with runs as they are now, of those that it has; they are in order. */
export function withRuns(list: RunList, runs: readonly Run[]): RunList {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const newest = runs[0]?.id ?? '';
  const oldest = runs.at(-1)?.id ?? '';
  let isChanged = false;
  const pages = list.pages.map((page) => {
    const isBeside = (page.rows[0]?.id ?? '') < oldest || (page.rows.at(-1)?.id ?? '') > newest;
    if (isBeside) return page;
    const rows = page.rows.map((row) => withRun(row, byId.get(row.id)));
    if (isSameRows(rows, page.rows)) return page;
    isChanged = true;
    return { ...page, rows };
  });
  return isChanged ? { ...list, pages } : list;
}

/** A list that holds the runs of the pages around those that are seen alone: the rest is a place and an id. */
export function withoutFar(list: RunList, seen: readonly number[]): RunList {
  const from = Math.min(...seen) - heldBeside;
  const to = Math.max(...seen) + heldBeside;
  let isChanged = false;
  const pages = list.pages.map((page, index) => {
    const isKept = index === 0 || (index >= from && index <= to);
    if (isKept || page.rows.every(({ run }) => run === null)) return page;
    isChanged = true;
    return { ...page, rows: page.rows.map(({ id }) => ({ id, run: null })) };
  });
  return isChanged ? { ...list, pages } : list;
}

/** Numbers of the pages that hold these rows. */
export function pagesBetween(list: RunList, first: number, last: number): readonly number[] {
  const found: number[] = [];
  let start = 0;
  for (const [index, { rows }] of list.pages.entries()) {
    if (start <= last && start + rows.length > first) found.push(index);
    start += rows.length;
  }
  return found;
}

/** Rows that are as they were stay the same objects, so that they are not drawn again. */
function toRows(runs: readonly Run[], known: ReadonlyMap<string, RunRow> = new Map()): RunRow[] {
  return runs.map((run) => withRun(known.get(run.id) ?? { id: run.id, run: null }, run));
}

/** What is over does not change any more. */
function withRun(row: RunRow, run: Run | undefined): RunRow {
  if (!run) return row;
  const { run: before } = row;
  const isSame =
    before !== null &&
    run.outcome === before.outcome &&
    run.steps === before.steps &&
    run.duration_ms === before.duration_ms;
  return isSame ? row : { id: row.id, run };
}

function isSameRows(rows: readonly RunRow[], before: readonly RunRow[]): boolean {
  return rows.length === before.length && rows.every((row, index) => row === before[index]);
}
