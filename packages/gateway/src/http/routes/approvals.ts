import { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import {
  type ApprovalInfo,
  approvalAnswerBody,
  approvalAnswered,
  approvalsAnswer,
  approvalsQuery,
  approvalToJson,
  runApprovalsAnswer,
} from '../../protocol/admin/approvals-answer.ts';
import type { Caller } from '../../protocol/policy.ts';
import { given } from '../../protocol/security/from-json.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { ApprovalQuery } from '../../runs/approvals/approval-types.ts';
import type { HttpDeps } from '../deps.ts';
import { approvalIdOf } from '../formats/approvals/request-id.ts';
import { goOnInBackground } from '../going-on/go-on-in-background.ts';
import { callerOf, defineRoute, type Route, type RouteInput } from '../route.ts';

const ofRun = z.object({ id: z.string() });
const ofCall = z.object({ id: z.string(), approval_id: z.string() });

/** The calls that wait for a person, or waited. */
export const approvalRoutes: readonly Route[] = [
  defineRoute({
    method: 'GET',
    url: '/v1/runs/:id/approvals',
    audience: 'callers',
    summary: 'List the calls of a run that a person was asked about.',
    params: ofRun,
    answer: runApprovalsAnswer,
    handle: async ({ deps, request, params: { id } }) => {
      const { approvals, resumedBy } = await deps.approvals.ofRun(callerOf(request), id);
      return { approvals: approvals.map(approvalToJson), resumed_by: resumedBy };
    },
  }),
  defineRoute({
    method: 'POST',
    url: '/v1/runs/:id/approvals/:approval_id',
    audience: 'callers',
    summary:
      'Approve or deny a call. With the last answer the run goes on, and what comes of it is a response.',
    params: ofCall,
    body: approvalAnswerBody,
    answer: approvalAnswered,
    handle: answer,
  }),
  defineRoute({
    method: 'GET',
    url: '/admin/approvals',
    audience: 'operators',
    scope: 'own',
    summary: 'List calls that wait for a person, or waited, newest first, of the key’s agents.',
    query: approvalsQuery,
    answer: approvalsAnswer,
    handle: async ({ deps, request, query: { id, agent, ...query } }) => {
      if (id !== undefined)
        return { approvals: await oneOf(deps, callerOf(request), id), next: null };
      const wanted = given<ApprovalQuery>({ ...query, agentId: agent });
      const { approvals, next } = await deps.approvals.list(callerOf(request), wanted);
      return { approvals: approvals.map(approvalToJson), next };
    },
  }),
];

async function oneOf(deps: HttpDeps, caller: Caller, id: string): Promise<ApprovalInfo[]> {
  try {
    return [approvalToJson(await deps.approvals.find(caller, approvalIdOf(id)))];
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'record_not_found') return [];
    throw error;
  }
}

type AnswerInput = RouteInput<
  z.output<typeof approvalAnswerBody>,
  unknown,
  z.output<typeof ofCall>
>;

async function answer({ deps, request, params, body }: AnswerInput) {
  const caller = callerOf(request);
  const id = approvalIdOf(params.approval_id);
  const { runId } = await deps.approvals.find(caller, id);
  if (runId !== params.id) throw notOfRun();
  const { approve, reason, always } = body;
  const said = {
    by: { id },
    approve,
    ...(reason ? { reason } : {}),
    ...(always ? { always } : {}),
  };
  const { approvals, claim } = await deps.approvals.answer([said], {
    caller,
    user: caller.user?.id ?? null,
  });
  const approval = only(approvals);
  if (!claim) {
    const run = { id: runId, status: 'waiting' as const };
    return { approval: approvalToJson(approval), run, response_id: null };
  }
  const { run, responseId } = await goOnInBackground(deps, { claim, approvals, request });
  const status = 'in_progress' as const;
  const told = { approval: approvalToJson(approval), run: { id: run.id, status } };
  return { ...told, response_id: responseId };
}

function only([approval]: readonly Approval[]): Approval {
  if (!approval) throw notOfRun();
  return approval;
}

function notOfRun(): GatewayError {
  return new GatewayError(
    'record_not_found',
    'This run has no such call. `GET /v1/runs/{id}/approvals` lists its calls.',
  );
}
