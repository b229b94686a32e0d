import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from './client.ts';
import { isGoingOn, type Run } from './runs.ts';

/** A call that waits for a person, or waited. */
export type Approval = Answer<'GET /admin/approvals'>['approvals'][number];

/** Which calls are listed. */
export type ApprovalFilters = {
  readonly status?: Approval['status'] | undefined;
  /** Model id. */
  readonly agent?: string | undefined;
};

const perPage = 200;
const followMs = 1000;

/** Calls, newest first, page by page. */
export function approvalsQuery(api: ApiClient, filters: ApprovalFilters) {
  return infiniteQueryOptions({
    queryKey: ['approvals', 'list', filters],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }): Promise<Answer<'GET /admin/approvals'>> =>
      api.call('GET /admin/approvals', {
        query: { ...filters, limit: perPage, after: pageParam || undefined },
        signal,
      }),
    getNextPageParam: ({ next }) => next,
  });
}

/** One call; null where there is none that the key may see. */
export function approvalQuery(api: ApiClient, id: string) {
  return queryOptions({
    queryKey: ['approvals', 'one', id],
    async queryFn({ signal }): Promise<Approval | null> {
      const { approvals } = await api.call('GET /admin/approvals', { query: { id }, signal });
      return approvals[0] ?? null;
    },
  });
}

/** The run that goes on with a run that waited; null while it waits. */
export function resumedByQuery(api: ApiClient, runId: string) {
  return queryOptions({
    queryKey: ['approvals', 'of-run', runId],
    async queryFn({ signal }): Promise<string | null> {
      const { resumed_by } = await api.call('GET /v1/runs/{id}/approvals', {
        params: { id: runId },
        signal,
      });
      return resumed_by;
    },
  });
}

/** An answer to a call. */
export type GivenAnswer = {
  readonly approve: boolean;
  readonly reason?: string;
  readonly always?: boolean;
};

/** Answers a call. @throws ApiError `approval_answered` where somebody else was faster. */
export function answerApproval(
  api: ApiClient,
  { id, run_id }: Approval,
  answer: GivenAnswer,
): Promise<Answer<'POST /v1/runs/{id}/approvals/{approval_id}'>> {
  return api.call('POST /v1/runs/{id}/approvals/{approval_id}', {
    params: { id: run_id, approval_id: id },
    body: answer,
  });
}

/** How a run stands, read again until it has ended. */
export function followedRunQuery(api: ApiClient, id: string) {
  return queryOptions<Run>({
    queryKey: ['followed-run', id],
    // It may be asked for before it is written.
    retry: 5,
    refetchInterval: ({ state }) => (isGoingOn(state.data) ? followMs : false),
    async queryFn({ signal }) {
      const query = { limit: 1 };
      const { run } = await api.call('GET /admin/runs/{id}', { params: { id }, query, signal });
      return run;
    },
  });
}

/** What is read of a response. */
type ResponseBody = {
  readonly status: string;
  readonly output: readonly {
    readonly type: string;
    readonly content?: readonly { readonly text?: string }[];
  }[];
};

type SaidText = { readonly isOver: boolean; readonly text: string };

/** What a run said that goes on in the background, read again until it has ended. The key that it is for may ask alone. */
export function responseTextQuery(api: ApiClient, id: string) {
  return queryOptions<SaidText>({
    queryKey: ['response-text', id],
    refetchInterval: ({ state }) => (state.data?.isOver === false ? followMs : false),
    async queryFn({ signal }) {
      const body = (await api.call('GET /v1/responses/{id}', {
        params: { id },
        signal,
      })) as ResponseBody;
      const messages = body.output.filter(({ type }) => type === 'message');
      const said = messages.flatMap(({ content = [] }) => content.map(({ text = '' }) => text));
      return { isOver: !['queued', 'in_progress'].includes(body.status), text: said.join('\n') };
    },
  });
}

/** Why each rule is there, by its id; of those that say so. */
export function ruleReasonsQuery(api: ApiClient) {
  return queryOptions({
    queryKey: ['rules', 'reasons'],
    async queryFn({ signal }): Promise<Readonly<Record<string, string>>> {
      const { rules } = await api.call('GET /security/rules', { query: { limit: 1000 }, signal });
      return Object.fromEntries(rules.flatMap(({ id, reason }) => (reason ? [[id, reason]] : [])));
    },
  });
}
