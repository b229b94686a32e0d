import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { ApiClient } from '../../../api/client.ts';
import {
  type Decision,
  type DecisionFilters,
  newestDecisionsQuery,
  readDecisions,
} from '../../../api/security.ts';

/** Decisions that are listed, and how to get more. */
export type DecisionLog = {
  /** Newest first; null until the first are there. */
  readonly decisions: readonly Decision[] | null;
  readonly error: unknown;
  readonly retry: () => void;
  readonly hasOlder: boolean;
  readonly isReadingOlder: boolean;
  readonly readOlder: () => void;
};

type Listed = {
  /** Of the filters that they fit. */
  readonly of: string;
  readonly decisions: readonly Decision[];
  readonly next: string | null;
};

/** The decisions that fit. Only the newest are read again and again; what is older does not change. */
export function useDecisionLog(api: ApiClient, filters: DecisionFilters): DecisionLog {
  const of = JSON.stringify(filters);
  const newest = useQuery(newestDecisionsQuery(api, filters));
  const [listed, setListed] = useState<Listed | null>(null);
  const current = listed?.of === of ? listed : null;
  useEffect(() => {
    const page = newest.data;
    if (!page) return;
    setListed((before) => withNewest(before?.of === of ? before : null, { of, ...page }));
  }, [newest.data, of]);
  const older = useMutation({
    mutationFn: (after: string) => readDecisions(api, { filters, after }),
    onSuccess: ({ decisions, next }, after) =>
      setListed((before) =>
        before?.of === of && before.next === after
          ? { of, decisions: [...before.decisions, ...decisions], next }
          : before,
      ),
  });
  const next = current?.next ?? null;
  return {
    decisions: current?.decisions ?? null,
    error: newest.error ?? older.error,
    retry: () => void newest.refetch(),
    hasOlder: next !== null,
    isReadingOlder: older.isPending,
    readOlder: () => {
      if (next !== null && !older.isPending) older.mutate(next);
    },
  };
}

/** Puts the newest before those that are listed; where there is a gap between, the list begins anew. */
function withNewest(before: Listed | null, page: Listed): Listed {
  const first = before?.decisions[0];
  if (!before || !first) return page;
  const isJoined = page.next === null || page.decisions.some(({ id }) => id === first.id);
  if (!isJoined) return page;
  const fresh = page.decisions.filter(({ id }) => id > first.id);
  return fresh.length === 0 ? before : { ...before, decisions: [...fresh, ...before.decisions] };
}
