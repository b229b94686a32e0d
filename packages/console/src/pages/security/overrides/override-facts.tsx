import { useKeyNames } from '../../../api/keys.ts';
import type { Override } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';
import { ExactTime } from '../../../ui/data/time.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Facts } from '../../../ui/page.tsx';
import { Verdict } from '../parts/verdict.tsx';

const names = text.security.override;

/** All that is known of an override. */
export function OverrideFacts({
  override,
  onClose,
}: {
  readonly override: Override;
  readonly onClose: () => void;
}) {
  const nameOf = useKeyNames();
  const { columns } = text.security;
  const { effect, action, state, break_glass: isGlass, limits } = override;
  const facts = [
    { name: columns.effect, value: <Verdict value={effect} /> },
    { name: columns.action, value: text.security.actions[action] },
    { name: columns.principals, value: override.principal },
    { name: columns.resources, value: override.resource },
    ...(isGlass ? [{ name: names.breakGlass, value: names.glass }] : []),
    ...Object.entries(limits ?? {}).map(([name, value]) => ({ name, value: `${value}` })),
    { name: columns.reason, value: override.reason },
    { name: names.by, value: nameOf(override.created_by) },
    { name: names.madeAt, value: <ExactTime at={override.created_at} /> },
    { name: columns.expires, value: <ExactTime at={override.revoked_at ?? override.expires_at} /> },
    { name: columns.state, value: names.states[state] },
    ...(override.revoked_by ? [{ name: names.revokedBy, value: nameOf(override.revoked_by) }] : []),
  ];
  return (
    <Dialog open onOpenChange={onClose} title={fill(names.details, { id: override.id })}>
      <Facts facts={facts} />
    </Dialog>
  );
}
