import type { Approval } from '../../api/approvals.ts';

/** What the address of the inbox says. */
export type ApprovalsSearch = {
  /** Absent: what waits. */
  readonly tab?: 'answered';
  /** Of the answered ones. */
  readonly status?: Exclude<Approval['status'], 'pending'>;
  /** Model id. */
  readonly agent?: string;
  /** The call that is open. */
  readonly id?: string;
};

/** How a call can have been answered. */
export const answeredStatuses = ['approved', 'denied', 'expired', 'withdrawn'] as const;

/** Reads it. */
export function approvalsSearch(search: Readonly<Record<string, unknown>>): ApprovalsSearch {
  const status = answeredStatuses.find((each) => each === search.status);
  return {
    ...(search.tab === 'answered' ? { tab: 'answered' as const } : {}),
    ...(status ? { status } : {}),
    ...(search.agent ? { agent: String(search.agent) } : {}),
    ...(search.id ? { id: String(search.id) } : {}),
  };
}
