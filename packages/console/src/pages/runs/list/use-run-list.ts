import { useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { type RunFilters, type RunPage, runsPerPage, runsQuery } from '../../../api/runs.ts';
import type { SeenRows } from '../../../ui/data/data-table.tsx';
import {
  listOf,
  pagesBetween,
  type RunList,
  type RunRow,
  withNewest,
  withNext,
  withoutFar,
  withRuns,
} from './run-list.ts';

/** Rows before the end of what was read at which more is read. */
const soon = 50;

/** Pages are kept by the list, so the cache need not hold them for long. */
const cachedMs = 5000;

type State = {
  readonly list: RunList;
  /** Newer runs that wait until the top is seen. */
  readonly waiting: RunPage | null;
};

/** Runs as the table shows them. */
export type ShownRuns = {
  /** Undefined until the first page is there. */
  readonly rows: readonly RunRow[] | undefined;
  readonly error: unknown;
  readonly retry: () => void;
  /** Runs that are newer than the first row; `isMore` where there are more than were counted. */
  readonly newer: { readonly count: number; readonly isMore: boolean };
  /** Whether the end is not reached. */
  readonly hasMore: boolean;
  readonly onSeen: (seen: SeenRows) => void;
};

/**
 * Any number of runs, read page by page as they are scrolled to. What is seen is read anew when something happens; runs
 * that begin meanwhile are added at the top while that is seen, and else wait.
 */
export function useRunList(filters: RunFilters): ShownRuns {
  const [state, setState] = useState<State | null>(null);
  const [seen, setSeen] = useState<SeenRows>({ first: 0, last: 0, isAtTop: true });
  const head = useQuery(runsQuery(useApi(), filters, { after: null, limit: runsPerPage }));
  const { isAtTop } = seen;
  const { data } = head;
  useEffect(() => {
    if (data) setState((before) => withHead(before, data, isAtTop));
  }, [data, isAtTop]);
  const failed = usePages(filters, { state, seen, setState });
  const list = state?.list;
  const rows = useMemo(() => list?.pages.flatMap((page) => page.rows), [list]);
  const newer = useMemo(() => countNewer(state), [state]);
  const onSeen = useCallback(
    (next: SeenRows) => setSeen((before) => (isNear(before, next) ? before : next)),
    [],
  );
  return {
    rows,
    error: rows ? failed?.error : head.error,
    retry: () => void (failed ?? head).refetch(),
    newer,
    hasMore: (list?.next ?? null) !== null,
    onSeen,
  };
}

function withHead(before: State | null, head: RunPage, isAtTop: boolean): State {
  if (!before || before.list.pages.every(({ rows }) => rows.length === 0)) {
    return { list: listOf(head), waiting: null };
  }
  if (isAtTop) {
    const { list } = withNewest(before.list, head);
    return list === before.list && !before.waiting ? before : { list, waiting: null };
  }
  const { added } = withNewest(before.list, head);
  const list = withRuns(before.list, head.runs);
  return { list, waiting: added > 0 ? head : null };
}

function countNewer(state: State | null): ShownRuns['newer'] {
  if (!state?.waiting) return { count: 0, isMore: false };
  const { added, isMore } = withNewest(state.list, state.waiting);
  return { count: added, isMore };
}

type Reading = {
  readonly state: State | null;
  readonly seen: SeenRows;
  readonly setState: (change: (before: State | null) => State | null) => void;
};

/** Reads the pages that are seen, and the next one near the end. Returns a reading that failed. */
function usePages(filters: RunFilters, { state, seen, setState }: Reading) {
  const api = useApi();
  const list = state?.list ?? null;
  const numbers = useMemo(
    () => (list ? pagesBetween(list, seen.first, seen.last) : []),
    [list, seen],
  );
  const count = list?.pages.reduce((sum, { rows }) => sum + rows.length, 0) ?? 0;
  const next = list && seen.last >= count - soon ? list.next : null;
  const known = numbers.flatMap((number) => {
    const page = list?.pages[number];
    return page?.after ? [{ after: page.after, limit: page.rows.length }] : [];
  });
  const wanted = next === null ? known : [...known, { after: next, limit: runsPerPage }];
  const queries = useQueries({
    queries: wanted.map((page) => ({ ...runsQuery(api, filters, page), gcTime: cachedMs })),
  });
  const answers = queries.map(({ data }) => data);
  const version = JSON.stringify([wanted, queries.map(({ dataUpdatedAt }) => dataUpdatedAt)]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the version stands for the lists, which are new each time
  useEffect(() => {
    setState((before) => {
      if (!before) return before;
      let changed = before.list;
      for (const [index, answer] of answers.entries()) {
        const after = wanted[index]?.after;
        if (!answer || after === undefined) continue;
        changed = withNext(withRuns(changed, answer.runs), after, answer);
      }
      if (numbers.length > 0) changed = withoutFar(changed, numbers);
      return changed === before.list ? before : { ...before, list: changed };
    });
  }, [version, setState]);
  return queries.find(({ isError }) => isError) ?? null;
}

/** Rows by which what is seen may move until it is looked at again: to do so at each row would slow the scroll. */
const stride = 10;

function isNear(before: SeenRows, next: SeenRows): boolean {
  return (
    before.isAtTop === next.isAtTop &&
    Math.floor(before.first / stride) === Math.floor(next.first / stride) &&
    Math.floor(before.last / stride) === Math.floor(next.last / stride)
  );
}
