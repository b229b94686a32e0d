import type { Approval } from '../../api/approvals.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../../ui/badge.tsx';

const tones: Readonly<Record<Approval['status'], Tone>> = {
  pending: 'info',
  approved: 'good',
  denied: 'bad',
  expired: 'warn',
  withdrawn: 'neutral',
};

/** How a call was answered, or that it waits. */
export function ApprovalStatus({ status }: { readonly status: Approval['status'] }) {
  return <Badge tone={tones[status]}>{text.approvals.statuses[status]}</Badge>;
}
