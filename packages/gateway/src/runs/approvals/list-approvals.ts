import type { Caller } from '../../protocol/policy.ts';
import type { ApprovalStore } from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { ApprovalPage, Approvals } from './approval-types.ts';
import { unknownCall } from './find-calls.ts';
import type { MayAnswer } from './may-answer.ts';

/** Calls read by one statement. */
const STEP = 200;

/** Calls that are looked at for one page: further ones are on the next. */
const MOST_LOOKED_AT = 5000;

export type ListApprovalsDeps = {
  readonly store: Pick<ApprovalStore, 'find' | 'list' | 'ofRun' | 'run'>;
  readonly mayAnswer: Pick<MayAnswer, 'maySee'>;
};

/** A key that forwards its users speaks for the one it names, and any other key for all that its requests named. */
function userOf({ forwardsUsers, user }: Caller): string | null | undefined {
  return forwardsUsers ? (user?.id ?? null) : undefined;
}

/** What callers see of calls that wait, or waited. */
export function createListApprovals(
  deps: ListApprovalsDeps,
): Pick<Approvals, 'find' | 'list' | 'ofRun'> {
  const sees = (caller: Caller, approval: Approval) =>
    deps.mayAnswer.maySee({ caller, user: userOf(caller) }, approval);
  return {
    async find(by, id) {
      const approval = await deps.store.find(id);
      if (!approval || !sees(by, approval)) throw unknownCall();
      return approval;
    },
    async list(by, { limit, after, ...filters }): Promise<ApprovalPage> {
      const found: Approval[] = [];
      let last = after;
      for (let looked = 0; looked < MOST_LOOKED_AT; looked += STEP) {
        const step = last === undefined ? filters : { ...filters, after: last };
        const some = await deps.store.list({ ...step, limit: STEP });
        for (const approval of some) {
          if (found.length === limit) return { approvals: found, next: last ?? null };
          last = approval.id;
          if (sees(by, approval)) found.push(approval);
        }
        if (some.length < STEP) return { approvals: found, next: null };
      }
      return { approvals: found, next: last ?? null };
    },
    async ofRun(by, runId) {
      const all = (await deps.store.ofRun(runId)).filter((approval) => sees(by, approval));
      if (all.length === 0) throw unknownCall();
      const run = await deps.store.run(runId);
      return { approvals: all, resumedBy: run?.resumedBy ?? null };
    },
  };
}
