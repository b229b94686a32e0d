import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useApi } from '../../api/api-context.ts';
import type { Key } from '../../api/keys.ts';
import { useSession } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field, TextInput } from '../../ui/field.tsx';
import { ErrorPanel } from '../../ui/states.tsx';
import styles from './keys.module.css';

const names = text.keys.revocation;

/** Ends a key. Of an admin's, its name has to be typed. */
export function RevokeDialog(props: {
  readonly keyRecord: Key;
  readonly onClose: () => void;
  readonly onRevoked: (name: string) => void;
}) {
  const { keyRecord: key, onClose, onRevoked } = props;
  const api = useApi();
  const queries = useQueryClient();
  const isOwn = useSession()?.key.id === key.id;
  const [typed, setTyped] = useState('');
  const isSure = key.role !== 'admin' || typed === key.name;
  const revoke = useMutation({
    mutationFn: () => api.call('DELETE /security/keys/{id}', { params: { id: key.id } }),
    onSuccess: () => {
      onRevoked(key.name);
      // Of one's own key the session is over: whoever asks hears that.
      return queries.invalidateQueries({ queryKey: [isOwn ? 'session' : 'keys'] });
    },
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (isSure) revoke.mutate();
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={fill(names.title, { name: key.name })}
      description={names.lead}
    >
      <form className={styles.form} onSubmit={submit}>
        {isOwn && <p className={styles.warning}>{names.own}</p>}
        {key.role === 'admin' && (
          <Field label={fill(names.type, { name: key.name })}>
            {(control) => (
              <TextInput
                {...control}
                value={typed}
                onChange={(event) => setTyped(event.target.value)}
              />
            )}
          </Field>
        )}
        {revoke.isError && <ErrorPanel error={revoke.error} title={names.failed} />}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" variant="danger" disabled={!isSure} busy={revoke.isPending}>
            {names.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
