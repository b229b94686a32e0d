import { text } from '../../../strings/text.ts';
import { Field, TextInput } from '../../../ui/field.tsx';
import styles from './overrides.module.css';

const names = text.security.override;

/** Names of the limits of a run, as the gateway has them. */
export const limitNames = [
  'max_model_calls',
  'max_tokens',
  'max_cost_usd',
  'max_tool_calls',
  'max_repeated_tool_calls',
] as const;

/** The limits that an override puts in place of tighter ones. */
export function OverrideLimits(props: {
  readonly limits: Readonly<Record<string, string>>;
  readonly onChange: (limits: Readonly<Record<string, string>>) => void;
}) {
  const { limits, onChange } = props;
  return (
    <fieldset className={styles.limits}>
      <legend>{names.limits}</legend>
      <p className={styles.soft}>{names.limitsHint}</p>
      <div className={styles.pair}>
        {limitNames.map((name) => (
          <Field key={name} label={text.keys.runLimits[name]}>
            {(control) => (
              <TextInput
                {...control}
                inputMode="decimal"
                value={limits[name] ?? ''}
                onChange={(event) => onChange({ ...limits, [name]: event.target.value })}
              />
            )}
          </Field>
        ))}
      </div>
    </fieldset>
  );
}
