import type {
  ClientCallRecord,
  Grant,
  WaitingRunRecord,
} from '../../../protocol/state/approval-store.ts';
import {
  type Approval,
  approvalStatuses,
  waitingRunStatuses,
} from '../../../protocol/state/approvals.ts';
import type { WaitingCallRow, WaitingRunRow } from '../../waiting-tables.ts';

/** What `call` of a row holds. */
type Call = Pick<
  Approval,
  'tool' | 'agent' | 'provenance' | 'arguments' | 'ruleId' | 'approvers' | 'callId'
>;

/** What `answer` of a row holds, once there is one. */
type CallAnswer = Partial<Pick<Approval, 'answeredBy' | 'answeredMs' | 'reason' | 'always'>> & {
  readonly result?: string;
};

/** Postgres keeps no NUL in texts. */
export function plain(text: string): string {
  return text.replaceAll('\0', '');
}

/** An end user as rows have it. */
export function endUser(user: string | null): string {
  return plain(user ?? '');
}

export function approvalRow(approval: Approval, codeHash: string | null): WaitingCallRow {
  const { tool, agent, provenance, callId, arguments: args, ruleId, approvers } = approval;
  const call: Call = { tool, agent, provenance, callId, arguments: args, ruleId, approvers };
  return {
    id: approval.id,
    run_id: approval.runId,
    asks: 'person',
    key_id: approval.keyId,
    end_user: endUser(approval.user),
    agent_id: approval.agentId,
    call_id: plain(callId),
    call: JSON.stringify(call),
    status: approval.status,
    code_hash: codeHash,
    created_ms: Math.floor(approval.createdMs),
    expires_ms: Math.floor(approval.expiresMs),
    answer: null,
  };
}

export function toApproval(row: WaitingCallRow): Approval {
  const call = JSON.parse(row.call) as Call;
  const answer = JSON.parse(row.answer ?? '{}') as CallAnswer;
  const { answeredBy = null, answeredMs = null, reason = null, always = false } = answer;
  return {
    id: row.id,
    runId: row.run_id,
    keyId: row.key_id,
    user: row.end_user || null,
    agentId: row.agent_id,
    ...call,
    status: approvalStatuses.find((each) => each === row.status) ?? 'withdrawn',
    createdMs: Number(row.created_ms),
    expiresMs: Number(row.expires_ms),
    answeredBy,
    answeredMs,
    reason,
    always,
  };
}

/** How a row says what an answer was. */
export function answerText(answer: CallAnswer): string {
  return JSON.stringify(answer);
}

export function toClientCall(row: WaitingCallRow): ClientCallRecord {
  const { tool, callId, arguments: args } = JSON.parse(row.call) as Call;
  const { result = null } = JSON.parse(row.answer ?? '{}') as CallAnswer;
  return { runId: row.run_id, callId, tool, arguments: args, result };
}

export function toWaitingRun(row: WaitingRunRow): WaitingRunRecord {
  return {
    runId: row.run_id,
    keyId: row.key_id,
    user: row.end_user || null,
    agentId: row.agent_id,
    modulePath: row.module_path,
    generation: Number(row.generation),
    filesHash: row.files_hash,
    conversationId: row.conversation_id,
    prefixHash: row.prefix_hash,
    status: waitingRunStatuses.find((each) => each === row.status) ?? 'dropped',
    resumedBy: row.resumed_by,
    createdMs: Number(row.created_ms),
    expiresMs: Number(row.expires_ms),
    grants: JSON.parse(row.grants) as Grant[],
    wrongCodes: row.wrong_codes,
    claimedUntilMs: row.claimed_until_ms === null ? null : Number(row.claimed_until_ms),
  };
}
