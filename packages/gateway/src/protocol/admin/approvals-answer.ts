import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { pageSize } from '../pages.ts';
import { provenances } from '../run-events.ts';
import { type Approval, approvalStatuses } from '../state/approvals.ts';

const approvalInfo = z.object({
  id: z.string().describe('`apr_…`; in Responses `mcpr_…`.'),
  run_id: z.string().describe('The run that waits for it.'),
  key_id: z.string().describe('The key that the run is for.'),
  user: z.string().nullable().describe('The end user, where the request names one.'),
  agent_id: z.string().describe('Model id of the agent.'),
  agent: z.string().describe('Which agent of the module calls, by its own name.'),
  tool: z.string(),
  provenance: z.enum(provenances).describe('Where the tool runs.'),
  call_id: z.string().describe('The model’s id of the call.'),
  arguments: z.string().describe('JSON, as the model wrote it.'),
  rule_id: z.string().nullable().describe('The rule that asks; null where the agent does.'),
  status: z.enum(approvalStatuses),
  created_at: z.string().describe('ISO 8601.'),
  expires_at: z.string().describe('ISO 8601; who has not answered by then has denied.'),
  answered_by: z.string().nullable().describe('Id of a key.'),
  answered_at: z.string().nullable().describe('ISO 8601.'),
  reason: z.string().nullable().describe('Of a denial: what the agent was told.'),
  always: z.boolean().describe('Whether it holds for later calls of the tool in the same run.'),
});

/** A call that waits for a person, or waited, as it is told. */
export type ApprovalInfo = Inferred<typeof approvalInfo>;

/** Query of `GET /admin/approvals`. All filters that are given must fit. */
export const approvalsQuery = z.object({
  id: z.string().max(256).optional().describe('Of this call alone; no other filter holds then.'),
  status: z.enum(approvalStatuses).optional(),
  agent: z.string().max(512).optional().describe('Model id.'),
  after: z.string().max(256).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default),
});

/** `GET /admin/approvals`: newest first. */
export const approvalsAnswer = z.object({
  approvals: z.array(approvalInfo),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

/** `GET /v1/runs/{id}/approvals`: as they were asked. */
export const runApprovalsAnswer = z.object({
  approvals: z.array(approvalInfo),
  resumed_by: z
    .string()
    .nullable()
    .describe(
      'The run that goes on with it, or went on; null while it waits. What came of it, where it is kept, is the response `resp_…` of the same letters.',
    ),
});

/** Body of `POST /v1/runs/{id}/approvals/{approval_id}`. */
export const approvalAnswerBody = z.strictObject({
  approve: z.boolean(),
  reason: z.string().max(2000).optional().describe('Of a denial: what the agent is told.'),
  always: z
    .boolean()
    .optional()
    .describe('Of an approval: whether it holds for later calls of the tool in the same run.'),
});

/** `POST /v1/runs/{id}/approvals/{approval_id}`. */
export const approvalAnswered = z.object({
  approval: approvalInfo,
  run: z.object({
    id: z.string().describe('The run that goes on; while other calls wait, the one that waits.'),
    status: z.enum(['waiting', 'in_progress']),
  }),
  response_id: z
    .string()
    .nullable()
    .describe(
      'What comes of it, for the key that the run is for: `GET /v1/responses/{id}`. Null where nothing is kept, or other calls wait.',
    ),
});

/** A call as it is told. */
export function approvalToJson(approval: Approval): ApprovalInfo {
  const { createdMs, expiresMs, answeredMs } = approval;
  return {
    id: approval.id,
    run_id: approval.runId,
    key_id: approval.keyId,
    user: approval.user,
    agent_id: approval.agentId,
    agent: approval.agent,
    tool: approval.tool,
    provenance: approval.provenance,
    call_id: approval.callId,
    arguments: approval.arguments,
    rule_id: approval.ruleId,
    status: approval.status,
    created_at: new Date(createdMs).toISOString(),
    expires_at: new Date(expiresMs).toISOString(),
    answered_by: approval.answeredBy,
    answered_at: answeredMs === null ? null : new Date(answeredMs).toISOString(),
    reason: approval.reason,
    always: approval.always,
  };
}
