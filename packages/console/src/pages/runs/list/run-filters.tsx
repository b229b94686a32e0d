import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useId, useState } from 'react';
import { agentsQuery } from '../../../api/agents.ts';
import { useApi } from '../../../api/api-context.ts';
import type { Run, RunFilters } from '../../../api/runs.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { Select, TextInput } from '../../../ui/field.tsx';
import { Toolbar } from '../../../ui/page.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import styles from '../runs.module.css';
import { outcomes } from './run-search.ts';

const words = text.runs.filters;

type FilterProps = {
  readonly filters: RunFilters;
  readonly onChange: (filters: RunFilters) => void;
};

/** What the list of runs is narrowed by. */
export function RunFilterBar({ filters, onChange }: FilterProps) {
  const hidden = [filters.user, filters.key, filters.code];
  const [isWide, setWide] = useState(hidden.some((value) => value !== undefined));
  const change = (more: RunFilters) => onChange({ ...filters, ...more });
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  return (
    <Toolbar>
      <FindRun filters={filters} onChange={onChange} />
      <AgentFilter filters={filters} onChange={onChange} />
      <Select
        aria-label={words.outcome}
        value={filters.outcome ?? ''}
        onChange={(value: Run['outcome'] | '') => change({ outcome: value || undefined })}
        options={[
          { value: '', label: words.anyOutcome },
          ...outcomes.map((value) => ({ value, label: text.runs.outcomes[value] })),
        ]}
      />
      <SinceFilter filters={filters} onChange={onChange} />
      {isWide &&
        (['user', 'key', 'code'] as const).map((name) => (
          <TextFilter
            key={name}
            label={words[name]}
            value={filters[name] ?? ''}
            onChange={(value) => change({ [name]: value || undefined })}
          />
        ))}
      <Button variant="ghost" icon="filter" aria-expanded={isWide} onClick={() => setWide(!isWide)}>
        {isWide ? words.fewer : words.more}
      </Button>
      {isFiltered && (
        <Button variant="ghost" icon="close" onClick={() => onChange({})}>
          {words.clear}
        </Button>
      )}
    </Toolbar>
  );
}

/** An id of a run opens it; one of a request narrows the list. */
function FindRun({ filters, onChange }: FilterProps) {
  const navigate = useNavigate();
  const [draft, setDraft] = useDraft(filters.request_id ?? '', (value) => {
    if (value.startsWith('run_')) void navigate({ to: '/runs/$id', params: { id: value } });
    else onChange({ ...filters, request_id: value || undefined });
  });
  return <SearchField label={words.find} value={draft} onChange={setDraft} />;
}

function AgentFilter({ filters, onChange }: FilterProps) {
  const { data: agents = [] } = useQuery(agentsQuery(useApi()));
  const listId = useId();
  return (
    <>
      <TextFilter
        label={words.agent}
        value={filters.agent ?? ''}
        list={listId}
        onChange={(value) => onChange({ ...filters, agent: value || undefined })}
      />
      <datalist id={listId}>
        {agents.map(({ id }) => (
          <option key={id} value={id} />
        ))}
      </datalist>
    </>
  );
}

const minuteMs = 60_000;
const spans = {
  minutes: 15 * minuteMs,
  hour: 60 * minuteMs,
  day: 24 * 60 * minuteMs,
  week: 7 * 24 * 60 * minuteMs,
} as const;
const sinceFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

/** The time itself is in the address, so that a link shows to everybody the same. */
function SinceFilter({ filters, onChange }: FilterProps) {
  const { since } = filters;
  const time = since === undefined ? '' : sinceFormat.format(new Date(since));
  return (
    <Select
      aria-label={words.since}
      value={since === undefined ? '' : 'chosen'}
      onChange={(value: keyof typeof spans | '' | 'chosen') => {
        if (value === 'chosen') return;
        const chosen = value && new Date(Date.now() - spans[value]).toISOString();
        onChange({ ...filters, since: chosen || undefined });
      }}
      options={[
        { value: '', label: words.anyTime },
        ...(since === undefined
          ? []
          : [{ value: 'chosen' as const, label: fill(words.sinceTime, { time }) }]),
        ...(Object.keys(spans) as (keyof typeof spans)[]).map((value) => ({
          value,
          label: words[value],
        })),
      ]}
    />
  );
}

function TextFilter(props: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly list?: string;
}) {
  const { label, value, onChange, list } = props;
  const [draft, setDraft] = useDraft(value, onChange);
  return (
    <TextInput
      className={styles.filter}
      aria-label={label}
      placeholder={label}
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      {...(list ? { list } : {})}
    />
  );
}

const typingMs = 300;

/** What is typed, which counts once the typing stops. */
function useDraft(value: string, onChange: (value: string) => void) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what it tells may be another function each time
  useEffect(() => {
    const wanted = draft.trim();
    if (wanted === value) return;
    const timer = setTimeout(() => onChange(wanted), typingMs);
    return () => clearTimeout(timer);
  }, [draft]);
  return [draft, setDraft] as const;
}
