import { queryOptions } from '@tanstack/react-query';
import type { Answer, ApiClient } from '../client.ts';

/** The calls of a run that a person was asked about, and the run that goes on with them. */
export type RunApprovals = Answer<'GET /v1/runs/{id}/approvals'>;

/** A call that a person was asked about. */
export type RunApproval = RunApprovals['approvals'][number];

/** Callers hear of no events, so that they ask. */
const askAgainMs = 2000;

/** The calls of a run that wait for a person, or waited, read again and again while somebody looks. */
export function runApprovalsQuery(api: ApiClient, runId: string) {
  return queryOptions({
    queryKey: ['approvals', 'of', runId],
    refetchInterval: askAgainMs,
    queryFn: ({ signal }) =>
      api.call('GET /v1/runs/{id}/approvals', { params: { id: runId }, signal }),
  });
}
