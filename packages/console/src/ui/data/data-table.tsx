import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { type CSSProperties, type KeyboardEvent, type ReactNode, useRef } from 'react';
import styles from './data-table.module.css';

/** A column: how wide (a CSS grid track), and what a row shows in it. */
export type Column<Row> = {
  readonly id: string;
  readonly title: string;
  /** Such as `120px` or `minmax(120px, 2fr)`. */
  readonly width: string;
  /** Left out where the window is narrow. */
  readonly isWideOnly?: boolean;
  readonly align?: 'end';
  readonly render: (row: Row) => ReactNode;
};

type DataTableProps<Row> = {
  /** What it lists, for screen readers. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  readonly rowKey: (row: Row) => string;
  readonly onOpen?: (row: Row) => void;
  /** Whether a row has just changed, which is shown for as long as it says so. */
  readonly isFresh?: (row: Row) => boolean;
  /** Key of the row that is open beside the table. */
  readonly selected?: string | undefined;
  /** Called when the last rows come into sight. */
  readonly onEnd?: (() => void) | undefined;
  readonly maxHeight?: string;
};

/** Rows beyond those that are seen, on each side: a quick scroll shows no gap. */
const overscan = 10;
const rowHeight = 40;

/**
 * A table of any number of rows, of which those that are seen are in the page, and a few more. Arrow keys, Home, End and
 * Page keys move among rows; Enter opens one. Rows of a `<table>` cannot be placed one by one, so roles make it one.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, maxHeight = '70vh' } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useRows(props, scroller);
  const wide = columns.map(({ width }) => width).join(' ');
  const narrow = columns.flatMap(({ isWideOnly, width }) => (isWideOnly ? [] : [width])).join(' ');
  return (
    <div
      ref={scroller}
      className={styles.table}
      style={{ maxHeight, '--wide': wide, '--narrow': narrow } as CSSProperties}
      role="table"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      tabIndex={rows.length === 0 ? -1 : 0}
    >
      <div role="row" aria-rowindex={1} className={styles.titles}>
        {columns.map((column) => (
          <div key={column.id} role="columnheader" className={cellClass(column)}>
            {column.title}
          </div>
        ))}
      </div>
      <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          const place = { index, start, virtual, scroller: scroller.current };
          return row === undefined ? null : (
            <BodyRow key={key} table={props} row={row} place={place} />
          );
        })}
      </div>
    </div>
  );
}

function useRows<Row>(
  { rows, rowKey, onEnd }: DataTableProps<Row>,
  scroller: { readonly current: HTMLDivElement | null },
) {
  return useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan,
    getItemKey: (index) => {
      const row = rows[index];
      return row === undefined ? index : rowKey(row);
    },
    onChange: (instance) => {
      const last = instance.getVirtualItems().at(-1);
      if (last && last.index >= rows.length - 1) onEnd?.();
    },
  });
}

type Place = {
  readonly index: number;
  /** Pixels from the top. */
  readonly start: number;
  readonly virtual: Virtualizer<HTMLDivElement, Element>;
  readonly scroller: HTMLDivElement | null;
};

function BodyRow<Row>(props: {
  readonly table: DataTableProps<Row>;
  readonly row: Row;
  readonly place: Place;
}) {
  const { table, row, place } = props;
  const { columns, rowKey, onOpen, selected, isFresh } = table;
  return (
    <div
      role="row"
      data-row={place.index}
      data-fresh={isFresh?.(row) || undefined}
      aria-rowindex={place.index + 2}
      aria-current={selected !== undefined && selected === rowKey(row) ? 'true' : undefined}
      tabIndex={onOpen ? 0 : -1}
      className={`${styles.row} ${onOpen ? styles.opens : ''}`}
      style={{ transform: `translateY(${place.start}px)` }}
      onClick={(event) => isPlain(event.target) && onOpen?.(row)}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target === event.currentTarget) onOpen?.(row);
        else move(event, place, table.rows.length);
      }}
    >
      {columns.map((column) => (
        <div key={column.id} role="cell" className={cellClass(column)}>
          {column.render(row)}
        </div>
      ))}
    </div>
  );
}

function cellClass<Row>({ isWideOnly, align }: Column<Row>): string {
  return [styles.cell, isWideOnly ? styles.wideOnly : '', align === 'end' ? styles.end : '']
    .filter(Boolean)
    .join(' ');
}

/** What is clicked in a row and does something by itself opens no row. */
function isPlain(target: EventTarget): boolean {
  return !(target instanceof Element && target.closest('a, button, input, select, label'));
}

function move(event: KeyboardEvent, { index, virtual, scroller }: Place, count: number): void {
  const page = 10;
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: index + 1,
    ArrowUp: index - 1,
    PageDown: index + page,
    PageUp: index - page,
    Home: 0,
    End: count - 1,
  };
  const wanted = moves[event.key];
  if (wanted === undefined) return;
  event.preventDefault();
  const to = Math.min(Math.max(wanted, 0), count - 1);
  virtual.scrollToIndex(to);
  requestAnimationFrame(() => scroller?.querySelector<HTMLElement>(`[data-row="${to}"]`)?.focus());
}
