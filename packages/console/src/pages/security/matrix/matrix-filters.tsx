import type { MatrixAction } from '../../../api/matrix.ts';
import { fill, text } from '../../../strings/text.ts';
import { Field, Select, TextInput } from '../../../ui/field.tsx';
import { useTyped } from '../../../ui/use-typed.ts';
import { SuggestedInput } from '../parts/suggested-input.tsx';
import { useSecuritySearch } from '../search.ts';
import styles from './matrix.module.css';

const names = text.security.matrix;

/** What is asked of each key, and which keys, columns and answers are shown. */
export function MatrixFilters({ action }: { readonly action: MatrixAction }) {
  const { search, change } = useSecuritySearch();
  const isTools = action === 'call_tool';
  return (
    <div className={styles.filters}>
      <Field label={names.action}>
        {(control) => (
          <Select
            {...control}
            value={action}
            options={Object.entries(names.actions).map(([value, label]) => ({
              value: value as MatrixAction,
              label,
            }))}
            onChange={(next) => change({ action: next, agents: '' })}
          />
        )}
      </Field>
      {isTools && <AgentField />}
      <Typed name="keys" label={names.keys} />
      <Typed name="agents" label={isTools ? names.tools : names.agents} />
      <Field label={names.verdict}>
        {(control) => (
          <Select
            {...control}
            value={search.verdict ?? ''}
            options={[
              { value: '', label: names.anyVerdict },
              ...(['allow', 'deny', 'ask', 'require_approval'] as const).map((value) => ({
                value,
                label: fill(names.hasVerdict, { verdict: text.security.verdicts[value] }),
              })),
            ]}
            onChange={(verdict) => change({ verdict }, { replace: true })}
          />
        )}
      </Field>
    </div>
  );
}

function Typed({ name, label }: { readonly name: 'keys' | 'agents'; readonly label: string }) {
  const { search, change } = useSecuritySearch();
  const [typed, setTyped] = useTyped(search[name] ?? '', (value) =>
    change({ [name]: value }, { replace: true }),
  );
  return (
    <Field label={label}>
      {(control) => (
        <TextInput
          {...control}
          type="search"
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </Field>
  );
}

function AgentField() {
  const { search, change } = useSecuritySearch();
  const [typed, setTyped] = useTyped(search.agent ?? '', (agent) =>
    change({ agent }, { replace: true }),
  );
  return (
    <Field label={names.agent} hint={names.agentHint}>
      {(control) => (
        <SuggestedInput
          of="agents"
          {...control}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      )}
    </Field>
  );
}
