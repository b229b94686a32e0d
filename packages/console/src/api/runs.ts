import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient, CallOptions } from './client.ts';
import type { Diagnostic } from './errors.ts';

/** A run as operators see it. */
export type Run = Answer<'GET /admin/runs'>['runs'][number];

/** A page of runs. */
export type RunPage = Answer<'GET /admin/runs'>;

/** A step of a run; what it held only where that was asked for. */
export type Step = Answer<'GET /admin/runs/{id}'>['steps'][number];

/** What came of running a run again. */
export type ReplayReport = Answer<'POST /admin/runs/{id}/replay'>;

type RunsQuery = NonNullable<CallOptions<'GET /admin/runs'>['query']>;

/** Which runs are listed; all that is given must fit. */
export type RunFilters = Omit<RunsQuery, 'after' | 'limit' | 'replay_of' | 'resumes'>;

/** Rows of one page of runs. */
export const runsPerPage = 100;

/** Steps of one page. */
const stepsPerPage = 1000;

/** How often a run that goes on is read anew. */
const followMs = 1000;

/**
 * Runs after a cursor, newest first.
 *
 * @param page.after - Null: from the newest on.
 */
export function runsQuery(
  api: ApiClient,
  filters: RunFilters,
  page: { readonly after: string | null; readonly limit: number },
) {
  const query = { ...filters, limit: page.limit, ...(page.after ? { after: page.after } : {}) };
  return queryOptions({
    queryKey: ['runs', 'list', query],
    queryFn: ({ signal }): Promise<RunPage> => api.call('GET /admin/runs', { query, signal }),
  });
}

/**
 * Runs that came of another: its replays, and what went on with it. They are looked for among all that began since, so
 * only what can change them has them read anew.
 */
export function runsOfRunQuery(api: ApiClient, run: Run, relation: 'replay_of' | 'resumes') {
  const query = { [relation]: run.id, since: run.started_at, limit: 20 };
  return queryOptions({
    queryKey: relation === 'resumes' ? ['approvals', 'of', query] : ['replays', query],
    queryFn: ({ signal }): Promise<RunPage> => api.call('GET /admin/runs', { query, signal }),
  });
}

/** A run with its steps, page by page, without what they held. While it goes on, it is read again and again; then never. */
export function runQuery(api: ApiClient, id: string) {
  return infiniteQueryOptions({
    queryKey: ['run', id],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }): Promise<Answer<'GET /admin/runs/{id}'>> =>
      api.call('GET /admin/runs/{id}', {
        params: { id },
        query: { from: pageParam, limit: stepsPerPage },
        signal,
      }),
    getNextPageParam: ({ next }) => next,
    staleTime: ({ state }) => (isGoingOn(state.data?.pages.at(-1)?.run) ? 0 : Infinity),
    refetchInterval: ({ state }) => (isGoingOn(state.data?.pages.at(-1)?.run) ? followMs : false),
  });
}

/** Whether a run has not ended. */
export function isGoingOn(run: Run | undefined): boolean {
  return run?.outcome === 'running';
}

/** What one step held. Each reading is a recorded decision, so it is read once and only when it is asked for. */
export function contentsQuery(api: ApiClient, id: string, step: number) {
  return queryOptions({
    queryKey: ['run-contents', id, step],
    staleTime: Infinity,
    async queryFn({ signal }): Promise<Readonly<Record<string, string>>> {
      const { steps } = await api.call('GET /admin/runs/{id}', {
        params: { id },
        query: { from: step, limit: 1, contents: 'true' },
        signal,
      });
      return steps[0]?.contents ?? {};
    },
  });
}

type RunError = Pick<Diagnostic, 'id' | 'message' | 'hint'>;

/** How often it is looked for why a run failed. */
const mostLooks = 3;

/** Why a run failed, in the words of the gateway; null where it kept none. */
export function runErrorQuery(api: ApiClient, run: Run) {
  return queryOptions<RunError | null>({
    queryKey: ['run-error', run.id],
    // It is written a moment after the end of the run.
    refetchInterval: ({ state }) =>
      state.data === null && state.dataUpdateCount < mostLooks ? followMs : false,
    async queryFn({ signal }) {
      const { errors } = await api.call('GET /admin/agents/errors', {
        query: { agent: run.agent_id, since: run.started_at, limit: 1000 },
        signal,
      });
      return errors.find(({ run_id }) => run_id === run.id) ?? null;
    },
  });
}

/** The run as a case to run its agent by. */
export function runTestQuery(api: ApiClient, id: string) {
  return queryOptions({
    queryKey: ['run-test', id],
    staleTime: Infinity,
    queryFn: ({ signal }) => api.call('GET /admin/runs/{id}/test', { params: { id }, signal }),
  });
}
