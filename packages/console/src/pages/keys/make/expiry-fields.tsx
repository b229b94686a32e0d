import { text } from '../../../strings/text.ts';
import { Field, Select, TextInput } from '../../../ui/field.tsx';
import styles from '../keys.module.css';
import type { KeyDraft } from './key-draft.ts';

const names = text.keys.form;

/** In which order they are offered: an object of texts lists names that are numbers first. */
const order: readonly KeyDraft['expiry'][] = ['never', '1', '7', '30', '90', '365', 'date'];

/** When a key ends. */
export function ExpiryFields(props: {
  readonly draft: KeyDraft;
  readonly fault: string | undefined;
  readonly onChange: (patch: Partial<KeyDraft>) => void;
}) {
  const { draft, fault, onChange } = props;
  return (
    <div className={styles.pair}>
      <Field label={names.expires}>
        {(control) => (
          <Select
            {...control}
            value={draft.expiry}
            options={order.map((value) => ({ value, label: names.expiries[value] }))}
            onChange={(expiry) => onChange({ expiry })}
          />
        )}
      </Field>
      {draft.expiry === 'date' && (
        <Field label={names.date} error={fault}>
          {(control) => (
            <TextInput
              {...control}
              type="datetime-local"
              value={draft.date}
              onChange={(event) => onChange({ date: event.target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
