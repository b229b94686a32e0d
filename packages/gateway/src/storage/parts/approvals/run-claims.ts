import type { ApprovalStore } from '../../../protocol/state/approval-store.ts';
import type { Engine } from '../../engines/engine.ts';
import { removeState } from './answer-calls.ts';

/** What becomes of runs that somebody goes on with: only the holder of a claim changes them. */
export function createRunClaims({
  durable,
  guarded,
}: Engine): Pick<ApprovalStore, 'begin' | 'renew' | 'release' | 'end'> {
  const claimed = (runId: string, token: string) =>
    durable.updateTable('waiting_runs').where('run_id', '=', runId).where('claim', '=', token);
  return {
    async begin(runId, token, resumedBy) {
      const begun = claimed(runId, token).set({ resumed_by: resumedBy });
      const open = begun.where('status', '=', 'resumed').where('resumed_by', 'is', null);
      const { numUpdatedRows } = await guarded(() => open.executeTakeFirstOrThrow());
      return numUpdatedRows === 1n;
    },
    async renew(claims, untilMs) {
      const renewed = durable
        .updateTable('waiting_runs')
        .set({ claimed_until_ms: Math.floor(untilMs) })
        .where(
          'claim',
          'in',
          claims.map(({ token }) => token),
        )
        .where('status', '=', 'resumed');
      await guarded(() => renewed.execute());
    },
    async release({ runId, token }) {
      const free = claimed(runId, token)
        .set({ status: 'waiting', claim: null, claimed_until_ms: null, resumed_by: null })
        .where('status', '=', 'resumed');
      await guarded(() => free.execute());
    },
    async end({ runId, token }) {
      await guarded(() =>
        durable.transaction().execute(async (work) => {
          const over = work
            .updateTable('waiting_runs')
            .set({ status: 'over', claim: null, claimed_until_ms: null, bytes: 0 })
            .where('run_id', '=', runId)
            .where('claim', '=', token);
          const { numUpdatedRows } = await over.executeTakeFirstOrThrow();
          if (numUpdatedRows === 1n) await removeState(work, runId);
        }),
      );
    },
  };
}
