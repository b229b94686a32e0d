import { type FormEvent, useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import type { MadeKey } from '../../../api/keys.ts';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { Checkbox, Field, Select, TextInput } from '../../../ui/field.tsx';
import { ErrorPanel } from '../../../ui/states.tsx';
import { limitNames, runLimitNames } from '../key-words.ts';
import styles from '../keys.module.css';
import { useSecret } from '../use-secret.ts';
import { ExpiryFields } from './expiry-fields.tsx';
import { emptyKey, faultsOfKey, type KeyDraft, toNewKey } from './key-draft.ts';
import { LimitFields } from './limit-fields.tsx';

const names = text.keys.form;

/** Makes a key. */
export function MakeKeyDialog(props: {
  readonly onClose: () => void;
  readonly onMade: (made: MadeKey) => void;
}) {
  const { onClose, onMade } = props;
  const api = useApi();
  const [draft, setDraft] = useState<KeyDraft>(emptyKey);
  const [isTried, setTried] = useState(false);
  const make = useSecret(() => api.call('POST /security/keys', { body: toNewKey(draft) }), onMade);
  const faults = isTried ? faultsOfKey(draft) : {};
  const change = (patch: Partial<KeyDraft>) => setDraft({ ...draft, ...patch });
  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faultsOfKey(draft)).length === 0) make.run();
  }
  return (
    <Dialog open onOpenChange={onClose} title={names.title} description={names.lead}>
      <form className={styles.form} onSubmit={submit} noValidate>
        <Identity draft={draft} faults={faults} onChange={change} />
        <Reach draft={draft} faults={faults} onChange={change} />
        <LimitFields
          title={names.limits}
          hint={names.limitsHint}
          fields={limitNames.map((name) => ({ name, label: text.keys.limits[name] }))}
          values={draft.limits}
          faults={faults}
          onChange={(limits) => change({ limits })}
        />
        <LimitFields
          title={names.runLimits}
          hint={names.runLimitsHint}
          fields={runLimitNames.map((name) => ({ name, label: text.keys.runLimits[name] }))}
          values={draft.runLimits}
          faults={faults}
          onChange={(runLimits) => change({ runLimits })}
        />
        {make.error ? <ErrorPanel error={make.error} title={names.failed} /> : null}
        <div className={styles.buttons}>
          <Button onClick={onClose}>{text.common.cancel}</Button>
          <Button type="submit" variant="primary" busy={make.isBusy}>
            {make.isBusy ? names.making : names.submit}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type PartProps = {
  readonly draft: KeyDraft;
  readonly faults: Readonly<Record<string, string>>;
  readonly onChange: (patch: Partial<KeyDraft>) => void;
};

function Identity({ draft, faults, onChange }: PartProps) {
  return (
    <div className={styles.pair}>
      <Field label={names.name} hint={names.nameHint} error={faults.name}>
        {(control) => (
          <TextInput
            {...control}
            value={draft.name}
            maxLength={64}
            onChange={(event) => onChange({ name: event.target.value })}
          />
        )}
      </Field>
      <Field label={names.role} hint={text.keys.roleHints[draft.role]}>
        {(control) => (
          <Select
            {...control}
            value={draft.role}
            options={Object.entries(text.keys.roles).map(([value, label]) => ({
              value: value as KeyDraft['role'],
              label,
            }))}
            onChange={(role) => onChange({ role })}
          />
        )}
      </Field>
    </div>
  );
}

function Reach({ draft, faults, onChange }: PartProps) {
  return (
    <>
      {(['namespaces', 'agents'] as const).map((name) => (
        <Field key={name} label={names[name]} hint={names[`${name}Hint`]}>
          {(control) => (
            <TextInput
              {...control}
              value={draft[name]}
              onChange={(event) => onChange({ [name]: event.target.value })}
            />
          )}
        </Field>
      ))}
      <ExpiryFields draft={draft} fault={faults.date} onChange={onChange} />
      <Checkbox
        label={names.forwards}
        checked={draft.forwardsUsers}
        onChange={(event) => onChange({ forwardsUsers: event.target.checked })}
      />
    </>
  );
}
