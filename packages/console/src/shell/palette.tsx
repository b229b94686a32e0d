import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Dialog as Radix } from 'radix-ui';
import { type KeyboardEvent, useState } from 'react';
import { modelsQuery } from '../api/agents.ts';
import { useApi } from '../api/api-context.ts';
import type { Session } from '../api/session.ts';
import { fill, text } from '../strings/text.ts';
import { Icon, type IconName } from '../ui/icon.tsx';
import { pagesOf } from './pages.ts';
import styles from './palette.module.css';
import { keepTheme, readTheme, themes } from './theme.ts';

type Entry = {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly icon: IconName;
  readonly run: () => void;
};

const maxShown = 30;

/** Goes to pages and agents by their names. */
export function Palette(props: {
  readonly role: Session['role'];
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
}) {
  const { role, open, onOpenChange } = props;
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content className={styles.content} aria-describedby={undefined}>
          <Radix.Title className="visually-hidden">{text.palette.title}</Radix.Title>
          <Search role={role} onDone={() => onOpenChange(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function Search({ role, onDone }: { readonly role: Session['role']; readonly onDone: () => void }) {
  const entries = useEntries(role);
  const [query, setQuery] = useState('');
  const [at, setAt] = useState(0);
  const words = query.toLowerCase().split(/\s+/);
  const found = entries
    .filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)))
    .slice(0, maxShown);
  const chosen = found[Math.min(at, found.length - 1)];
  function run(entry: Entry | undefined): void {
    if (!entry) return;
    onDone();
    entry.run();
  }
  function onKeyDown(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((Math.min(at, found.length - 1) + step + found.length) % Math.max(found.length, 1));
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(chosen);
    }
  }
  return (
    <>
      <input
        className={styles.input}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={chosen ? `palette-${chosen.id}` : undefined}
        aria-label={text.palette.title}
        placeholder={text.palette.placeholder}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
        spellCheck={false}
        autoComplete="off"
      />
      <Found found={found} chosen={chosen} onRun={run} />
    </>
  );
}

function Found(props: {
  readonly found: readonly Entry[];
  readonly chosen: Entry | undefined;
  readonly onRun: (entry: Entry) => void;
}) {
  return (
    <div id="palette-list" role="listbox" aria-label={text.palette.title} className={styles.list}>
      {props.found.length === 0 && <p className={styles.nothing}>{text.palette.nothing}</p>}
      {props.found.map((entry) => (
        <div
          key={entry.id}
          id={`palette-${entry.id}`}
          role="option"
          tabIndex={-1}
          aria-selected={entry === props.chosen}
          className={styles.option}
          onClick={() => props.onRun(entry)}
        >
          <Icon name={entry.icon} />
          <span>{entry.label}</span>
          <small>{entry.group}</small>
        </div>
      ))}
    </div>
  );
}

function useEntries(role: Session['role']): readonly Entry[] {
  const navigate = useNavigate();
  const models = useQuery(modelsQuery(useApi()));
  return [
    ...pagesOf(role).map(({ name, to }) => ({
      id: name,
      group: text.palette.pages,
      label: text.nav[name] as string,
      icon: name,
      run: () => void navigate({ to }),
    })),
    ...(models.data ?? []).map(({ id }, index) => ({
      id: `agent-${index}`,
      group: text.palette.agents,
      label: fill(text.palette.chatWith, { agent: id }),
      icon: 'playground' as const,
      run: () => void navigate({ to: '/playground', search: { agent: id } as never }),
    })),
    ...(role === 'admin' ? (models.data ?? []) : []).map(({ id }, index) => ({
      id: `page-${index}`,
      group: text.palette.agents,
      label: fill(text.palette.openAgent, { agent: id }),
      icon: 'agents' as const,
      run: () => void navigate({ to: '/agents/$', params: { _splat: id } }),
    })),
    {
      id: 'theme',
      group: text.palette.actions,
      label: text.palette.switchTheme,
      icon: 'theme' as const,
      run: () => keepTheme(themes[(themes.indexOf(readTheme()) + 1) % themes.length] ?? 'system'),
    },
  ];
}
