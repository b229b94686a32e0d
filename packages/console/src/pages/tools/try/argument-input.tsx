import { text } from '../../../strings/text.ts';
import { Field, Select, TextArea, TextInput } from '../../../ui/field.tsx';
import type { ArgumentField } from './argument-fields.ts';
import styles from './try-tool.module.css';

const words = text.tools.try;

/** The field of one argument. */
export function ArgumentInput(props: {
  readonly field: ArgumentField;
  readonly value: string;
  readonly error: string | undefined;
  readonly onChange: (value: string) => void;
}) {
  const { field, value, error, onChange } = props;
  const { kind } = field;
  return (
    <Field
      label={field.isRequired ? field.name : `${field.name} (${words.optional})`}
      hint={<Hint field={field} />}
      error={error}
    >
      {(control) => {
        const shared = { ...control, value, 'aria-required': field.isRequired };
        if (kind === 'boolean' || kind === 'choice') {
          return <Select {...shared} onChange={onChange} options={optionsOf(field)} />;
        }
        const change = { onChange: (event: Changed) => onChange(event.target.value) };
        if (kind === 'json') return <TextArea {...shared} {...change} className={styles.code} />;
        if (kind === 'text') return <TextArea {...shared} {...change} className={styles.text} />;
        return <TextInput {...shared} {...change} inputMode="decimal" />;
      }}
    </Field>
  );
}

type Changed = { readonly target: { readonly value: string } };

function Hint({ field: { kind, hint } }: { readonly field: ArgumentField }) {
  const of = kind === 'json' ? words.jsonHint : '';
  return [of, hint].filter((part) => part !== '').join(' · ') || null;
}

function optionsOf({ kind, choices }: ArgumentField) {
  const none = { value: '', label: words.notGiven };
  if (kind === 'boolean') {
    return [none, { value: 'true', label: words.true }, { value: 'false', label: words.false }];
  }
  const named = choices.map((choice, index) => ({
    value: `${index}`,
    label: typeof choice === 'string' ? choice : JSON.stringify(choice),
  }));
  return [none, ...named];
}
