import { Link } from '@tanstack/react-router';
import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef } from 'react';
import type { Diagnostic } from '../../api/errors.ts';
import { fill, text } from '../../strings/text.ts';
import { short } from '../../ui/data/numbers.ts';
import { Time } from '../../ui/data/time.tsx';
import { plainText } from '../../ui/diagnostic/plain-text.ts';
import { SeverityBadge } from '../../ui/diagnostic/severity-badge.tsx';
import { type ErrorLine, type ErrorSearch, linesOf } from './error-filter.ts';
import styles from './error-list.module.css';

const heights = { agent: 38, error: 62 } as const;
const shownChars = 300;

/** What is wrong, by agent. Arrow keys move; of hundreds those that are seen are in the page. */
export function ErrorList(props: {
  readonly errors: readonly Diagnostic[];
  readonly search: ErrorSearch;
  readonly selected: string | undefined;
}) {
  const lines = useMemo(() => linesOf(props.errors), [props.errors]);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heights[lines[index]?.type ?? 'error'],
    getItemKey: (index) => keyOf(lines[index], index),
    overscan: 8,
  });
  return (
    <div ref={scroller} className={styles.list}>
      <ul
        aria-label={text.errors.list}
        className={styles.body}
        style={{ height: virtual.getTotalSize() }}
        onKeyDown={(event) => move(event, { lines, virtual })}
      >
        {virtual.getVirtualItems().map(({ index, key, start, size }) => {
          const line = lines[index];
          return (
            <li
              key={key}
              data-line={index}
              className={styles.line}
              style={{ transform: `translateY(${start}px)`, height: size }}
            >
              {line && <Line line={line} search={props.search} selected={props.selected} />}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function keyOf(line: ErrorLine | undefined, index: number): string | number {
  if (!line) return index;
  return line.type === 'agent' ? `agent ${line.agent}` : line.error.id;
}

function Line(props: {
  readonly line: ErrorLine;
  readonly search: ErrorSearch;
  readonly selected: string | undefined;
}) {
  const { line, search, selected } = props;
  if (line.type === 'agent') {
    const name = line.agent ?? text.errors.noAgent;
    return (
      <h2 className={styles.agent}>
        <span title={name}>{name}</span>
        <span className={styles.soft}>{line.errors.length}</span>
      </h2>
    );
  }
  const { id, severity, code, message, count, last_seen: lastSeen } = line.error;
  return (
    <Link
      to="/errors"
      search={{ ...search, id }}
      replace={search.id !== undefined}
      resetScroll={false}
      className={styles.error ?? ''}
      aria-current={id === selected ? 'true' : undefined}
    >
      <span className={styles.head}>
        <SeverityBadge severity={severity} />
        <code>{code}</code>
        <span className={styles.when}>
          {count > 1 && `${fill(text.errors.times, { count: short(count) })} · `}
          <Time at={lastSeen} />
        </span>
      </span>
      <span className={styles.message}>{plainText(message.slice(0, shownChars))}</span>
    </Link>
  );
}

type Moving = {
  readonly lines: readonly ErrorLine[];
  readonly virtual: Virtualizer<HTMLDivElement, Element>;
};

/** Names of agents are passed over. */
function move(event: KeyboardEvent<HTMLElement>, { lines, virtual }: Moving): void {
  const list = event.currentTarget;
  const from = Number((event.target as Element).closest('[data-line]')?.getAttribute('data-line'));
  const all = lines.flatMap(({ type }, index) => (type === 'error' ? [index] : []));
  const at = all.indexOf(from);
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: all.length - 1,
  };
  const wanted = moves[event.key];
  if (wanted === undefined || at < 0) return;
  event.preventDefault();
  const to = all[Math.min(Math.max(wanted, 0), all.length - 1)];
  if (to === undefined) return;
  const focus = () => list.querySelector<HTMLElement>(`[data-line="${to}"] a`)?.focus();
  virtual.scrollToIndex(to);
  focus();
  // One far away is not in the page before it is scrolled to.
  requestAnimationFrame(focus);
}
