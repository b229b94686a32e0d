import type { Agent } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { Select } from '../../../ui/field.tsx';
import { Toolbar } from '../../../ui/page.tsx';
import { SearchField } from '../../../ui/search-field.tsx';
import { type AgentSearch, agentStates, namespaceOf } from './agent-filter.ts';
import styles from './agent-toolbar.module.css';

const any = '';

/** What narrows the list, and how much is left of it. */
export function AgentToolbar(props: {
  readonly agents: readonly Agent[];
  readonly shown: number;
  readonly search: AgentSearch;
  readonly onSearch: (search: AgentSearch) => void;
}) {
  const { agents, shown, search, onSearch } = props;
  const namespaces = [...new Set(agents.map(({ id }) => namespaceOf(id)))].toSorted();
  return (
    <Toolbar>
      <SearchField
        label={text.agents.search}
        value={search.q ?? ''}
        onChange={(q) => onSearch(without({ ...search, q }))}
      />
      <Select
        aria-label={text.agents.state}
        value={search.state ?? any}
        onChange={(state) => onSearch(without({ ...search, state }))}
        options={[
          { value: any, label: text.agents.anyState },
          ...agentStates.map((value) => ({ value, label: text.agents.states[value] })),
        ]}
      />
      {(namespaces.length > 1 || search.namespace) && (
        <Select
          aria-label={text.agents.namespace}
          value={search.namespace ?? any}
          onChange={(namespace) => onSearch(without({ ...search, namespace }))}
          options={[
            { value: any, label: text.agents.anyNamespace },
            ...namespaces.map((value) => ({ value, label: value })),
          ]}
        />
      )}
      <span className={styles.count} role="status">
        {fill(text.agents.shown, { shown, all: agents.length })}
      </span>
    </Toolbar>
  );
}

/** Empty values say nothing, and leave the address. */
function without(search: {
  readonly q?: string;
  readonly state?: Agent['status'] | typeof any;
  readonly namespace?: string;
}): AgentSearch {
  const { q, state, namespace } = search;
  return { ...(q && { q }), ...(state && { state }), ...(namespace && { namespace }) };
}
