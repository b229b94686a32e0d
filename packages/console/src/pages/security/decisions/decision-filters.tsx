import { type ChangeEvent, useState } from 'react';
import { text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Field, Select, TextInput } from '../../../ui/field.tsx';
import { useTyped } from '../../../ui/use-typed.ts';
import { SuggestedInput } from '../parts/suggested-input.tsx';
import { type SecuritySearch, useSecuritySearch } from '../search.ts';
import styles from './decisions.module.css';

const names = text.security.decisions;

const usual = ['key', 'agent'] as const;
const rare = ['tool', 'rule', 'user', 'request'] as const;
const all = [...usual, ...rare, 'action', 'effect', 'since'] as const;

type TextFilter = (typeof usual)[number] | (typeof rare)[number];

/** The filters of decisions, all of which are in the address. */
export function DecisionFiltersBar() {
  const { search, change, goTo } = useSecuritySearch();
  const isFiltered = all.some((name) => search[name]);
  const isRareUsed = rare.some((name) => search[name]);
  const [isOpen, setOpen] = useState(false);
  const texts: readonly TextFilter[] = isOpen || isRareUsed ? [...usual, ...rare] : usual;
  const replace = (patch: Partial<SecuritySearch>) => change(patch, { replace: true });
  return (
    <section aria-label={names.filters} className={styles.filters}>
      <Choice
        name="effect"
        label={names.effect}
        options={[
          ['', names.anyEffect],
          ['deny', text.security.verdicts.deny],
          ['allow', text.security.verdicts.allow],
          ['require_approval', text.security.verdicts.require_approval],
        ]}
        onChange={replace}
      />
      <Choice
        name="action"
        label={names.action}
        options={[
          ['', names.anyAction],
          ['any', names.everyAction],
          ...Object.entries(text.security.actions),
        ]}
        onChange={replace}
      />
      <Choice
        name="since"
        label={names.since}
        options={Object.entries(names.sinces)}
        onChange={replace}
      />
      {texts.map((name) => (
        <Written key={name} name={name} onChange={replace} />
      ))}
      <div className={styles.doings}>
        {!isRareUsed && (
          <Button
            variant="ghost"
            icon="filter"
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            {isOpen ? names.fewerFilters : names.moreFilters}
          </Button>
        )}
        {isFiltered && (
          <Button variant="ghost" icon="close" onClick={() => goTo({ tab: 'decisions' })}>
            {names.clear}
          </Button>
        )}
      </div>
    </section>
  );
}

function Written(props: {
  readonly name: TextFilter;
  readonly onChange: (patch: Partial<SecuritySearch>) => void;
}) {
  const { name, onChange } = props;
  const { search } = useSecuritySearch();
  const [typed, setTyped] = useTyped(search[name] ?? '', (value) => onChange({ [name]: value }));
  return (
    <Field label={names[name]}>
      {(control) => {
        const field = {
          ...control,
          value: typed,
          onChange: (event: ChangeEvent<HTMLInputElement>) => setTyped(event.target.value),
        };
        if (name === 'key') return <SuggestedInput of="keys" {...field} />;
        return name === 'agent' ? (
          <SuggestedInput of="agents" {...field} />
        ) : (
          <TextInput {...field} />
        );
      }}
    </Field>
  );
}

function Choice(props: {
  readonly name: 'effect' | 'action' | 'since';
  readonly label: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (patch: Partial<SecuritySearch>) => void;
}) {
  const { name, label, options, onChange } = props;
  const { search } = useSecuritySearch();
  return (
    <Field label={label}>
      {(control) => (
        <Select
          {...control}
          value={search[name] ?? ''}
          options={options
            // An object of texts lists names that are numbers first.
            .toSorted(([a], [b]) => Number(a !== '') - Number(b !== ''))
            .map(([value, each]) => ({ value, label: each }))}
          onChange={(value) => onChange({ [name]: value })}
        />
      )}
    </Field>
  );
}
