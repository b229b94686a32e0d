import { type ComponentProps, type ReactNode, useId } from 'react';
import styles from './field.module.css';

/** A labelled field with a hint and what is wrong with its value. `children` gets the ids that its control needs. */
export function Field(props: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly children: (control: {
    readonly id: string;
    readonly 'aria-describedby': string | undefined;
    readonly 'aria-invalid': true | undefined;
  }) => ReactNode;
}) {
  const { label, hint, error, children } = props;
  const id = useId();
  const about = [hint ? `${id}-hint` : '', error ? `${id}-error` : ''].filter(Boolean).join(' ');
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        'aria-describedby': about || undefined,
        'aria-invalid': error ? true : undefined,
      })}
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} className={styles.error} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

/** A line of text. */
export function TextInput(props: ComponentProps<'input'>) {
  return (
    <input
      spellCheck={false}
      autoComplete="off"
      {...props}
      className={`${styles.input} ${props.className ?? ''}`}
    />
  );
}

/** Lines of text. */
export function TextArea(props: ComponentProps<'textarea'>) {
  return (
    <textarea
      spellCheck={false}
      {...props}
      className={`${styles.input} ${styles.area} ${props.className ?? ''}`}
    />
  );
}

/** One of a few. The browser's own control: it works with every keyboard and screen reader. */
export function Select<Value extends string>({
  options,
  onChange,
  ...rest
}: Omit<ComponentProps<'select'>, 'onChange' | 'value'> & {
  readonly value: Value;
  readonly onChange: (value: Value) => void;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
}) {
  return (
    <select
      {...rest}
      className={`${styles.input} ${styles.select}`}
      onChange={(event) => onChange(event.target.value as Value)}
    >
      {options.map(({ value, label }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </select>
  );
}

/** A box to tick, with its text. */
export function Checkbox({
  label,
  ...rest
}: ComponentProps<'input'> & { readonly label: ReactNode }) {
  return (
    <label className={styles.checkbox}>
      <input type="checkbox" {...rest} />
      <span>{label}</span>
    </label>
  );
}
