import type { Override } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Facts } from '../../../ui/page.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import { useEndOverride } from '../parts/use-overrides.ts';
import { Verdict } from '../parts/verdict.tsx';
import styles from './overrides.module.css';

const names = text.security.override;

/** Asks before an override is ended. */
export function EndDialog(props: {
  readonly override: Override;
  readonly onClose: () => void;
  readonly onEnded: () => void;
}) {
  const { override, onClose, onEnded } = props;
  const end = useEndOverride();
  const { columns, actions } = text.security;
  return (
    <Dialog open onOpenChange={onClose} title={names.endTitle} description={names.endLead}>
      <div className={styles.form}>
        <Facts
          facts={[
            { name: columns.effect, value: <Verdict value={override.effect} /> },
            { name: columns.action, value: actions[override.action] },
            { name: columns.principals, value: override.principal },
            { name: columns.resources, value: override.resource },
            { name: columns.reason, value: override.reason },
          ]}
        />
        {end.isError && <ErrorPanel error={end.error} title={names.endFailed} />}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button
            variant="danger"
            busy={end.isPending}
            onClick={() => end.mutate(override.id, { onSuccess: onEnded })}
          >
            {names.endIt}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
