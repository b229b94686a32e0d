import type { ApprovalStore } from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';

export type SweepDeps = {
  readonly store: Pick<ApprovalStore, 'overdue' | 'drop' | 'prune' | 'keysWaiting' | 'waitingOf'>;
  readonly settings: () => { readonly keepMb: number };
  readonly isRevoked: (keyId: string) => boolean;
  /** Claims before this time are of gateways that died. */
  readonly deadMs: () => number;
  readonly nowMs: () => number;
  /** Told of calls that nobody can approve any more. */
  readonly onDropped: (approvals: readonly Approval[]) => void;
};

const MIB = 2 ** 20;

/** Ends the waiting of runs whose time is over, that there is no room for, or whose key was revoked, and removes what is old. */
export function createSweepApprovals(deps: SweepDeps): (beforeMs: number) => Promise<void> {
  const { store, nowMs, onDropped } = deps;
  const drop = async (runs: readonly string[], status: 'expired' | 'withdrawn', reason: string) => {
    if (runs.length > 0) onDropped(await store.drop(runs, { status, reason, nowMs: nowMs() }));
  };
  return async (beforeMs) => {
    const keepBytes = deps.settings().keepMb * MIB;
    const { expired, crowded } = await store.overdue({ nowMs: nowMs(), keepBytes });
    await drop(expired, 'expired', 'Nobody answered in time.');
    const full = `The room for runs that wait, approvals.keep_mb, was full.`;
    await drop(crowded, 'expired', full);
    for (const keyId of (await store.keysWaiting()).filter(deps.isRevoked)) {
      await drop(await store.waitingOf(keyId), 'withdrawn', 'The key was revoked.');
    }
    await store.prune({ nowMs: nowMs(), deadMs: deps.deadMs(), beforeMs });
  };
}
