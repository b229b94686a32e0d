import type { Action, NewOverride } from '../../../api/security.ts';
import { useRole } from '../../../api/session.ts';
import { text } from '../../../strings/text.ts';
import { Checkbox, Field, Select, TextInput } from '../../../ui/field.tsx';
import styles from './concern.module.css';
import { SuggestedInput } from './suggested-input.tsx';

const names = text.security.override;

/** What an override says, without how long and why. */
export type OverrideDraft = {
  readonly effect: NewOverride['effect'];
  readonly action: Action;
  readonly principal: string;
  readonly resource: string;
  readonly breakGlass: boolean;
};

/** What the fields begin with. */
export const emptyOverride: OverrideDraft = {
  effect: 'allow',
  action: 'run_agent',
  principal: '',
  resource: '',
  breakGlass: false,
};

/** What is missing in one, by field. */
export function overrideFaults({ principal, resource }: OverrideDraft): {
  readonly principal?: string;
  readonly resource?: string;
} {
  return {
    ...(principal.trim() === '' ? { principal: names.needWho } : {}),
    ...(resource.trim() === '' ? { resource: names.needWhat } : {}),
  };
}

/** What operators may permit and stop. */
const actionsOfOperators: readonly Action[] = ['list_agents', 'run_agent', 'call_tool'];

/** The fields of what an override says. */
export function OverrideConcern(props: {
  readonly draft: OverrideDraft;
  readonly faults: { readonly principal?: string; readonly resource?: string };
  readonly onChange: (patch: Partial<OverrideDraft>) => void;
}) {
  const { draft, faults, onChange } = props;
  const isAdmin = useRole() === 'admin';
  return (
    <>
      <div className={styles.pair}>
        <Field label={names.effect}>
          {(control) => (
            <Select
              {...control}
              value={draft.effect}
              options={(['allow', 'deny'] as const).map((value) => ({
                value,
                label: names.effects[value],
              }))}
              onChange={(effect) => onChange({ effect })}
            />
          )}
        </Field>
        <ActionField
          label={names.action}
          value={draft.action}
          actions={isAdmin ? undefined : actionsOfOperators}
          onChange={(action) => onChange({ action })}
        />
      </div>
      <Texts draft={draft} faults={faults} onChange={onChange} />
      {isAdmin && draft.effect === 'allow' && (
        <>
          <Checkbox
            label={names.breakGlass}
            checked={draft.breakGlass}
            onChange={(event) => onChange({ breakGlass: event.target.checked })}
          />
          {draft.breakGlass && (
            <p className={styles.warning} role="alert">
              {names.breakGlassWarning}
            </p>
          )}
        </>
      )}
    </>
  );
}

function Texts({ draft, faults, onChange }: Parameters<typeof OverrideConcern>[0]) {
  return (
    <>
      <Field label={names.principal} hint={names.principalHint} error={faults.principal}>
        {(control) => (
          <SuggestedInput
            of="principals"
            {...control}
            value={draft.principal}
            maxLength={200}
            onChange={(event) => onChange({ principal: event.target.value })}
          />
        )}
      </Field>
      <Field
        label={names.resource}
        hint={text.security.preview.resourceHints[draft.action]}
        error={faults.resource}
      >
        {(control) => (
          <TextInput
            {...control}
            value={draft.resource}
            maxLength={200}
            onChange={(event) => onChange({ resource: event.target.value })}
          />
        )}
      </Field>
    </>
  );
}

const allActions = Object.keys(text.security.actions) as readonly Action[];

/** One of the things that can be asked for. */
export function ActionField(props: {
  readonly label: string;
  readonly value: Action;
  /** Default: all. */
  readonly actions?: readonly Action[] | undefined;
  readonly onChange: (action: Action) => void;
}) {
  const { label, value, actions = allActions, onChange } = props;
  return (
    <Field label={label}>
      {(control) => (
        <Select
          {...control}
          value={value}
          options={actions.map((action) => ({
            value: action,
            label: text.security.actions[action],
          }))}
          onChange={onChange}
        />
      )}
    </Field>
  );
}
