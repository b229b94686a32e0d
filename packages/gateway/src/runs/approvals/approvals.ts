import type { Emit } from '../../events.ts';
import type { ApprovalStore } from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import { createAnswer } from './answer.ts';
import type { Approvals } from './approval-types.ts';
import { newestOf } from './find-calls.ts';
import { createListApprovals } from './list-approvals.ts';
import { CLAIM_MS, createLivingClaims } from './living-claims.ts';
import type { MayAnswer } from './may-answer.ts';
import type { ResumeRun } from './resume-asked.ts';
import { createRunClaims, type RunClaimDeps } from './run-claim.ts';
import { createSweepApprovals } from './sweep-approvals.ts';
import { createWrongCode } from './wrong-codes.ts';

export type ApprovalsDeps = {
  readonly store: ApprovalStore;
  readonly mayAnswer: MayAnswer;
  readonly settings: () => { readonly keepMb: number };
  readonly usableKey: RunClaimDeps['usableKey'];
  readonly isRevoked: (keyId: string) => boolean;
  readonly resumeRun: ResumeRun;
  /** Since when nobody else has claims in this store, in Unix milliseconds; null where others may. */
  readonly aloneSinceMs: number | null;
  readonly nowMs: () => number;
  readonly emit: Emit;
};

/** The calls that wait, and what ends their waiting by itself. */
export function createApprovals(deps: ApprovalsDeps): Approvals & {
  /** Ends what waits too long. @param beforeMs - What is over and older goes. */
  readonly sweep: (beforeMs: number) => Promise<void>;
} {
  const { store, mayAnswer, nowMs, emit, usableKey, isRevoked } = deps;
  // Claims of whoever was here before are all dead by then, and none of ours is.
  const aloneMs = deps.aloneSinceMs === null ? 0 : deps.aloneSinceMs + CLAIM_MS;
  const deadMs = () => Math.max(nowMs(), aloneMs);
  const tell = (approvals: readonly Approval[]) => {
    for (const approval of approvals) emit(answeredEvent(approval));
  };
  const withdraw = async (runs: readonly string[]) => {
    const why = { status: 'withdrawn', reason: null, nowMs: nowMs() } as const;
    const dropped = runs.length === 0 ? [] : await store.drop(runs, why);
    tell(dropped);
    return dropped.length;
  };
  const claims = createLivingClaims({ store, nowMs, emit });
  const answering = createAnswer({
    store,
    mayAnswer,
    nowMs,
    deadMs,
    claimMs: CLAIM_MS,
    wrongCode: createWrongCode({ store, nowMs, onDropped: tell }),
    claimed: createRunClaims({ store, claims, usableKey, resumeRun: deps.resumeRun }),
    onAnswered: tell,
  });
  return {
    ...answering,
    async mayAnswerIn({ caller, user, place }, agentId) {
      const where = { keyId: caller.keyId, user, ...newestOf(place) };
      const runs = await store.askedIn(where);
      for (const run of runs) {
        if (agentId !== null && run.agentId !== agentId) continue;
        if ((await store.ofRun(run.runId)).length > 0) return true;
      }
      return false;
    },
    withdraw: async (keyId, conversationId) =>
      withdraw(await store.waitingIn(keyId, conversationId)),
    async withdrawRun(keyId, runId) {
      const run = await store.run(runId);
      return withdraw(run?.keyId === keyId ? [runId] : []);
    },
    ...createListApprovals({ store, mayAnswer }),
    sweep: createSweepApprovals({
      store,
      settings: deps.settings,
      isRevoked,
      deadMs,
      nowMs,
      onDropped: tell,
    }),
  };
}

function answeredEvent(approval: Approval) {
  const { id: approvalId, runId, keyId, agentId, tool, callId, status, reason } = approval;
  const { answeredBy, always, answeredMs, createdMs } = approval;
  const waitedMs = Math.max(0, (answeredMs ?? createdMs) - createdMs);
  return {
    type: 'approval_answered',
    approvalId,
    runId,
    keyId,
    agentId,
    tool,
    callId,
    outcome: status === 'pending' ? 'withdrawn' : status,
    answeredBy,
    reason,
    always,
    waitedMs,
  } as const;
}
