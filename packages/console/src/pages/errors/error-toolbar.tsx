import type { Diagnostic } from '../../api/errors.ts';
import { fill, text } from '../../strings/text.ts';
import { Select } from '../../ui/field.tsx';
import { Toolbar } from '../../ui/page.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { type ErrorSearch, noAgent, severities, stages, withoutEmpty } from './error-filter.ts';
import styles from './errors-page.module.css';

const words = text.errors;

/** What narrows the list. Only what is there can be chosen, and what is chosen already. */
export function ErrorToolbar(props: {
  readonly all: readonly Diagnostic[];
  readonly shown: number;
  readonly search: ErrorSearch;
  readonly onSearch: (search: ErrorSearch) => void;
}) {
  const { all, shown, search, onSearch } = props;
  const change = (next: Parameters<typeof withoutEmpty>[0]) =>
    onSearch(withoutEmpty({ ...search, id: undefined, ...next }));
  const seen = new Set<string>(all.flatMap(({ severity, stage }) => [severity, stage]));
  const agents = new Set(all.map(({ agent_id: agent }) => agent ?? noAgent));
  if (search.agent !== undefined) agents.add(search.agent);
  return (
    <Toolbar>
      <SearchField label={words.search} value={search.q ?? ''} onChange={(q) => change({ q })} />
      <Select
        aria-label={words.severity}
        value={search.severity ?? ''}
        onChange={(severity) => change({ severity })}
        options={[
          { value: '', label: words.anySeverity },
          ...severities
            .filter((value) => seen.has(value) || value === search.severity)
            .map((value) => ({ value, label: words.severities[value] })),
        ]}
      />
      <Select
        aria-label={words.stage}
        value={search.stage ?? ''}
        onChange={(stage) => change({ stage })}
        options={[
          { value: '', label: words.anyStage },
          ...stages
            .filter((value) => seen.has(value) || value === search.stage)
            .map((value) => ({ value, label: words.stages[value] })),
        ]}
      />
      <Select
        aria-label={words.agent}
        value={search.agent ?? ''}
        onChange={(agent) => change({ agent })}
        options={[
          { value: '', label: words.anyAgent },
          ...[...agents]
            .toSorted()
            .map((value) => ({ value, label: value === noAgent ? words.noAgent : value })),
        ]}
      />
      <span className={styles.count} role="status">
        {fill(words.shown, { shown, all: all.length })}
      </span>
    </Toolbar>
  );
}
