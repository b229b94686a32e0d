import type { MadeKey } from '../../api/keys.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { CopyButton } from '../../ui/text/copy-button.tsx';
import styles from './keys.module.css';

const names = text.keys.secret;

/** The secret of a key just made: shown this once. */
export function SecretDialog(props: {
  readonly made: MadeKey;
  /** What was done. */
  readonly lead: string;
  readonly onClose: () => void;
}) {
  const { made, lead, onClose } = props;
  const { warnings = [] } = made;
  return (
    <Dialog open stays onOpenChange={onClose} title={names.title} description={names.lead}>
      <div className={styles.form}>
        <p role="status">{lead}</p>
        <div className={styles.secret}>
          <output aria-label={fill(names.label, { name: made.name })}>{made.key}</output>
          <CopyButton value={made.key} label={names.copy} />
        </div>
        {warnings.length > 0 && (
          <div className={styles.warning}>
            <p>{names.warnings}</p>
            <ul>
              {warnings.map((warning) => (
                <li key={warning}>{warning}</li>
              ))}
            </ul>
          </div>
        )}
        <div className={styles.buttons}>
          <Button variant="primary" icon="check" onClick={onClose}>
            {names.done}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
