import type { RunEnding } from '../../protocol/run-ending.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { ResumeAsked } from './resume-asked.ts';

type Taken = {
  readonly resumes?: Pick<ResumeAsked, 'ended'>;
  readonly ending: RunEnding;
};

/** Says that an answer holds in the run that goes on. */
export function appliedEvent(runId: string, approval: Approval) {
  const { id: approvalId, agentId, tool, callId, status, ruleId } = approval;
  const outcome = status === 'pending' ? 'withdrawn' : status;
  const about = { runId, agentId, approvalId, tool, callId, outcome, ruleId };
  return { type: 'approval_applied', ...about } as const;
}

/** Tells whoever waited whether a worker ever got the run: what it returns is called when one has. */
export function followTaken({ resumes, ending }: Taken): (() => void) | undefined {
  if (!resumes) return undefined;
  let isTaken = false;
  ending.onEnd(() => resumes.ended(isTaken));
  return () => {
    isTaken = true;
  };
}
