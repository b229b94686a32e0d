import { Link } from '@tanstack/react-router';
import { type Key, useKeyNames } from '../../api/keys.ts';
import { useSession } from '../../api/session.ts';
import { fill, text } from '../../strings/text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data/data-table.tsx';
import { Time } from '../../ui/data/time.tsx';
import { Menu } from '../../ui/menu.tsx';
import { KeyState } from './key-state.tsx';
import { limitsInShort, scopesInShort } from './key-words.ts';
import styles from './keys.module.css';

const names = text.keys.columns;

type Doings = {
  readonly onRotate: (key: Key) => void;
  readonly onRevoke: (key: Key) => void;
};

/** Keys, and what can be done with each. */
export function KeyTable(
  props: Doings & { readonly keys: readonly Key[]; readonly onOpen: (key: Key) => void },
) {
  const { keys, onOpen, ...doings } = props;
  const ownId = useSession()?.key.id;
  const nameOf = useKeyNames();
  return (
    <DataTable
      label={text.keys.title}
      rows={keys}
      columns={columnsOf(ownId, nameOf, doings)}
      rowKey={({ id }) => id}
      onOpen={onOpen}
    />
  );
}

function columnsOf(
  ownId: string | undefined,
  nameOf: (id: string) => string,
  doings: Doings,
): readonly Column<Key>[] {
  return [
    {
      id: 'name',
      title: names.name,
      width: 'minmax(110px, 1.6fr)',
      render: (key) => (
        <span className={styles.name}>
          <Link to="/keys/$keyId" params={{ keyId: key.id }} title={`${key.name} (${key.id})`}>
            {key.name}
          </Link>
          {key.id === ownId && <Badge tone="info">{text.keys.own}</Badge>}
        </span>
      ),
    },
    { id: 'role', title: names.role, width: '76px', render: ({ role }) => text.keys.roles[role] },
    {
      id: 'state',
      title: names.state,
      width: '92px',
      isWideOnly: true,
      render: ({ state }) => <KeyState state={state} />,
    },
    shortText('scopes', names.scopes, scopesInShort),
    shortText('limits', names.limits, limitsInShort),
    time('used', names.used, ({ last_used_at: at }) => at),
    time('expires', names.expires, ({ expires_at: at }) => at),
    shortText('by', names.by, ({ created_by: by }) => nameOf(by)),
    {
      id: 'actions',
      title: '',
      width: '36px',
      align: 'end',
      render: (key) => <Actions keyRecord={key} {...doings} />,
    },
  ];
}

function shortText(id: string, title: string, textOf: (key: Key) => string): Column<Key> {
  return {
    id,
    title,
    width: 'minmax(80px, 1fr)',
    isWideOnly: true,
    render: (key) => <span title={textOf(key)}>{textOf(key)}</span>,
  };
}

function time(id: string, title: string, at: (key: Key) => string | null): Column<Key> {
  return {
    id,
    title,
    width: '88px',
    isWideOnly: true,
    render: (key) => <Time at={at(key)} />,
  };
}

function Actions({ keyRecord: key, onRotate, onRevoke }: Doings & { readonly keyRecord: Key }) {
  if (key.state !== 'active') return null;
  return (
    <Menu
      items={[
        { label: text.keys.rotate, icon: 'refresh', onSelect: () => onRotate(key) },
        { label: text.keys.revoke, icon: 'trash', danger: true, onSelect: () => onRevoke(key) },
      ]}
    >
      <Button
        variant="ghost"
        size="small"
        icon="more"
        aria-label={fill(text.keys.moreFor, { name: key.name })}
      />
    </Menu>
  );
}
