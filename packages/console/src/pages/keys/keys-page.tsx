import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { useApi } from '../../api/api-context.ts';
import { type Key, keysQuery } from '../../api/keys.ts';
import { fill, text } from '../../strings/text.ts';
import { Button } from '../../ui/button.tsx';
import { Select } from '../../ui/field.tsx';
import { Card, Page, Toolbar } from '../../ui/page.tsx';
import { SearchField } from '../../ui/search-field.tsx';
import { EmptyState, QueryView, Skeleton } from '../../ui/states.tsx';
import { useKeyDialogs } from './key-dialogs.tsx';
import { KeyTable } from './key-table.tsx';
import styles from './keys.module.css';
import { type KeysSearch, parseKeysSearch } from './search.ts';

const route = getRouteApi('/keys');

/** Every key that the session may see, and how to make one. */
export function KeysPage() {
  const query = useQuery(keysQuery(useApi()));
  const { open, dialogs } = useKeyDialogs();
  return (
    <Page
      title={text.keys.title}
      lead={text.keys.lead}
      actions={
        <Button variant="primary" icon="plus" onClick={() => open({ kind: 'make' })}>
          {text.keys.make}
        </Button>
      }
    >
      <Filters />
      <QueryView query={query} skeleton={<Skeleton rows={8} />} deniedTitle={text.keys.refused}>
        {(keys) => (
          <Found
            keys={keys}
            onRotate={(key) => open({ kind: 'rotate', key })}
            onRevoke={(key) => open({ kind: 'revoke', key })}
          />
        )}
      </QueryView>
      {dialogs}
    </Page>
  );
}

function Filters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (patch: Partial<Record<keyof KeysSearch, string>>) =>
    void navigate({ search: (before) => parseKeysSearch({ ...before, ...patch }), replace: true });
  return (
    <Toolbar>
      <SearchField
        label={text.keys.search}
        value={search.q ?? ''}
        onChange={(q) => change({ q })}
      />
      <Select
        aria-label={text.keys.role}
        value={search.role ?? ''}
        options={withAny(text.keys.anyRole, text.keys.roles)}
        onChange={(role) => change({ role })}
      />
      <Select
        aria-label={text.keys.state}
        value={search.state ?? ''}
        options={withAny(text.keys.anyState, text.keys.states)}
        onChange={(state) => change({ state })}
      />
    </Toolbar>
  );
}

function withAny(any: string, names: Readonly<Record<string, string>>) {
  const options = Object.entries(names).map(([value, label]) => ({ value, label }));
  return [{ value: '', label: any }, ...options];
}

function Found(props: {
  readonly keys: readonly Key[];
  readonly onRotate: (key: Key) => void;
  readonly onRevoke: (key: Key) => void;
}) {
  const { keys, onRotate, onRevoke } = props;
  const search = route.useSearch();
  const navigate = useNavigate();
  const found = keys.filter(fits(search)).toSorted(usableFirst);
  if (keys.length === 0) {
    return (
      <EmptyState icon="keys" title={text.keys.noKeys}>
        <p>{text.keys.noKeysHint}</p>
      </EmptyState>
    );
  }
  return (
    <Card
      flush
      title={text.keys.title}
      actions={
        <span className={styles.soft} role="status">
          {fill(text.keys.count, { count: found.length, all: keys.length })}
        </span>
      }
    >
      {found.length === 0 ? (
        <EmptyState icon="search" title={text.keys.none}>
          <p>{text.keys.noneHint}</p>
        </EmptyState>
      ) : (
        <KeyTable
          keys={found}
          onOpen={({ id }) => void navigate({ to: '/keys/$keyId', params: { keyId: id } })}
          onRotate={onRotate}
          onRevoke={onRevoke}
        />
      )}
    </Card>
  );
}

/** Those that can be used come first, and of these the newest. */
function usableFirst(a: Key, b: Key): number {
  const isEnded = (key: Key) => Number(key.state !== 'active');
  return isEnded(a) - isEnded(b) || b.created_at.localeCompare(a.created_at);
}

function fits({ q = '', role, state }: KeysSearch): (key: Key) => boolean {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return (key) => {
    const said = [key.name, key.id, key.role, ...(key.namespaces ?? []), ...(key.agents ?? [])]
      .join('\n')
      .toLowerCase();
    return (
      (!role || key.role === role) &&
      (!state || key.state === state) &&
      words.every((word) => said.includes(word))
    );
  };
}
