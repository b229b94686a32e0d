import type { InputItem } from '../../protocol/run.ts';
import type { Approval } from '../../protocol/state/approvals.ts';

/** What a person said of calls, as items of a conversation. */
export function itemsOf(approvals: readonly Approval[]): InputItem[] {
  return approvals.map(({ id: approvalId, status, reason, always }) => ({
    role: 'approval',
    approvalId,
    approve: status === 'approved',
    ...(reason === null ? {} : { reason }),
    ...(always ? { always } : {}),
  }));
}
