import { GatewayError } from '../../errors.ts';
import type { Caller, KeyHolder } from '../../protocol/policy.ts';
import type { RunInput } from '../../protocol/run.ts';
import { isOfTokens } from '../../protocol/security/token-principal.ts';
import type {
  ApprovalStore,
  Grant,
  WaitingRunRecord,
} from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { ResumedRun } from '../../protocol/worker/messages.ts';
import type { RunClaim } from './approval-types.ts';
import type { LivingClaims } from './living-claims.ts';
import type { ResumeRun } from './resume-asked.ts';

/** A caller whose request is over. */
export type ReturningCaller = KeyHolder & Pick<Caller, 'user'>;

export type RunClaimDeps = {
  readonly store: ApprovalStore;
  readonly claims: LivingClaims;
  /** Who holds the key of an id, as long as it can be used; of one that forwards its users for the one named. */
  readonly usableKey: (keyId: string, user: string | null) => ReturningCaller | null;
  readonly resumeRun: ResumeRun;
};

/** Makes a claim that the store gave into the right to go on with the run. */
export function createRunClaims(
  deps: RunClaimDeps,
): (run: WaitingRunRecord, token: string) => Promise<RunClaim> {
  return async (run, token) => {
    const claim = { runId: run.runId, token };
    deps.claims.add(claim);
    const release = () => deps.claims.settle(claim, 'release');
    try {
      const going = await readRun(deps, run);
      let isUsed = false;
      return {
        runId: run.runId,
        agentId: run.agentId,
        input: going.input,
        conversationId: run.conversationId,
        owner: { keyId: run.keyId, user: deps.usableKey(run.keyId, run.user)?.user?.id ?? null },
        async resume(asked, requestId, signal) {
          if (isUsed) throw new Error('A claim is good for one run.');
          isUsed = true;
          try {
            return await deps.resumeRun({
              ...going,
              caller: callerOf(deps, run, requestId),
              input: { ...going.input, ...asked },
              signal,
              async begin(resumedBy) {
                if (!(await deps.store.begin(run.runId, token, resumedBy))) throw lost();
                deps.claims.begun(claim);
              },
              ended: (isTaken) => void deps.claims.settle(claim, isTaken ? 'end' : 'release'),
            });
          } catch (error) {
            await release();
            throw error;
          }
        },
        async release() {
          if (isUsed) return;
          isUsed = true;
          await release();
        },
      };
    } catch (error) {
      await release();
      throw error;
    }
  };
}

/** What it takes to go on with a run. */
async function readRun({ store }: RunClaimDeps, run: WaitingRunRecord) {
  const { runId } = run;
  const body = await store.body(runId);
  if (!body) throw new Error(`The state of ${runId} is gone.`);
  const approvals = await store.ofRun(runId);
  const calls = await store.clientCallsOf(runId);
  const resumed: ResumedRun = {
    state: body.state,
    decisions: approvals.flatMap(toDecision),
    results: calls.flatMap(({ callId, result }) =>
      result === null ? [] : [{ callId, text: result }],
    ),
  };
  const grants = [...run.grants, ...approvals.flatMap(toGrant)];
  return {
    of: run,
    input: JSON.parse(body.input) as RunInput,
    resumed,
    grants,
    answered: approvals,
  };
}

function toDecision({ callId, status, reason, always }: Approval): ResumedRun['decisions'] {
  if (status !== 'approved' && status !== 'denied') return [];
  const approve = status === 'approved';
  return [{ callId, approve, ...(reason !== null && { reason }), ...(always && { always }) }];
}

function toGrant({ id, callId, tool, provenance, status, always, ...call }: Approval): Grant[] {
  if (status !== 'approved') return [];
  const hosted = provenance === 'hosted' ? ({ hosted: true } as const) : {};
  return [{ approvalId: id, callId, tool, arguments: call.arguments, always, ...hosted }];
}

/** It goes on for the key that it was for, as that is now. */
function callerOf(
  { usableKey }: RunClaimDeps,
  { keyId, user }: Pick<WaitingRunRecord, 'keyId' | 'user'>,
  requestId: string,
): Caller {
  const holder = usableKey(keyId, user);
  if (!holder) {
    const message = isOfTokens(keyId)
      ? 'The token that this run was for is good no more, so it cannot go on by itself. It does once its holder answers with a new one.'
      : 'The key that this run was for was revoked or has expired, so it cannot go on.';
    throw new GatewayError('key_invalid', message);
  }
  return { ...holder, requestId };
}

function lost(): GatewayError {
  return new GatewayError('approval_answered', 'Somebody else goes on with this run.');
}
