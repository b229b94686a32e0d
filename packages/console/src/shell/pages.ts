import type { Session } from '../api/session.ts';
import type { text } from '../strings/text.ts';
import type { IconName } from '../ui/icon.tsx';

/** A page of the menu. */
export type PageEntry = {
  readonly name: IconName & keyof typeof text.nav;
  readonly to:
    | '/agents'
    | '/playground'
    | '/errors'
    | '/runs'
    | '/tools'
    | '/security'
    | '/keys'
    | '/usage'
    | '/approvals'
    | '/health';
  /** The least role that may use it. */
  readonly from: Session['role'];
};

/** Every page, in the order of the menu. */
export const pages: readonly PageEntry[] = [
  { name: 'agents', to: '/agents', from: 'admin' },
  { name: 'playground', to: '/playground', from: 'caller' },
  { name: 'errors', to: '/errors', from: 'admin' },
  { name: 'runs', to: '/runs', from: 'admin' },
  { name: 'approvals', to: '/approvals', from: 'operator' },
  { name: 'tools', to: '/tools', from: 'admin' },
  { name: 'security', to: '/security', from: 'operator' },
  { name: 'keys', to: '/keys', from: 'admin' },
  { name: 'usage', to: '/usage', from: 'admin' },
  { name: 'health', to: '/health', from: 'admin' },
];

const ranks: Readonly<Record<Session['role'], number>> = { caller: 0, operator: 1, admin: 2 };

/** The pages that a role may use. The gateway decides in the end: this only leaves out what it would refuse. */
export function pagesOf(role: Session['role']): readonly PageEntry[] {
  return pages.filter(({ from }) => ranks[role] >= ranks[from]);
}
