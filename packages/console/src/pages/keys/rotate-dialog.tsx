import { type FormEvent, useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import type { Key, MadeKey } from '../../api/keys.ts';
import { useSession } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { ErrorPanel } from '../../ui/states.tsx';
import styles from './keys.module.css';
import { useSecret } from './use-secret.ts';

const names = text.keys.rotation;
const when = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** Makes a key in place of another, which goes on working for as long as is said. */
export function RotateDialog(props: {
  readonly keyRecord: Key;
  readonly onClose: () => void;
  readonly onMade: (made: MadeKey, lead: string) => void;
}) {
  const { keyRecord: key, onClose, onMade } = props;
  const api = useApi();
  const isOwn = useSession()?.key.id === key.id;
  const [overlap, setOverlap] = useState<keyof typeof names.overlaps>('3600');
  const rotate = useSecret(
    () =>
      api.call('POST /security/keys/{id}/rotate', {
        params: { id: key.id },
        body: { overlap_seconds: Number(overlap) },
      }),
    (made) => {
      const until = when.format(Date.now() + Number(overlap) * 1000);
      onMade(made, fill(text.keys.secret.rotated, { name: key.name, until }));
    },
  );
  // Of one's own key the session would end at once, and with it the only sight of the new secret.
  const options = Object.entries(names.overlaps)
    .filter(([seconds]) => !isOwn || Number(seconds) > 0)
    .map(([value, label]) => ({ value: value as typeof overlap, label }));
  function submit(event: FormEvent): void {
    event.preventDefault();
    rotate.run();
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={fill(names.title, { name: key.name })}
      description={names.lead}
    >
      <form className={styles.form} onSubmit={submit}>
        <Field label={names.overlap}>
          {(control) => (
            <Select {...control} value={overlap} options={options} onChange={setOverlap} />
          )}
        </Field>
        {isOwn && <p className={styles.warning}>{names.own}</p>}
        {rotate.error ? <ErrorPanel error={rotate.error} title={names.failed} /> : null}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" variant="primary" busy={rotate.isBusy}>
            {names.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
