import { Field, TextInput } from '../../../ui/field.tsx';
import styles from '../keys.module.css';

/** Numbers that may stay empty, folded away: most keys have none. */
export function LimitFields(props: {
  readonly title: string;
  readonly hint: string;
  readonly fields: readonly { readonly name: string; readonly label: string }[];
  readonly values: Readonly<Record<string, string>>;
  readonly faults: Readonly<Record<string, string>>;
  readonly onChange: (values: Readonly<Record<string, string>>) => void;
}) {
  const { title, hint, fields, values, faults, onChange } = props;
  return (
    <details className={styles.more}>
      <summary>{title}</summary>
      <div>
        <p className={styles.soft}>{hint}</p>
        <div className={styles.pair}>
          {fields.map(({ name, label }) => (
            <Field key={name} label={label} error={faults[name]}>
              {(control) => (
                <TextInput
                  {...control}
                  inputMode="decimal"
                  value={values[name] ?? ''}
                  onChange={(event) => onChange({ ...values, [name]: event.target.value })}
                />
              )}
            </Field>
          ))}
        </div>
      </div>
    </details>
  );
}
