import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type ReactNode,
  type RefObject,
  type SyntheticEvent,
  useRef,
} from 'react';
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

/** Which rows are seen, from 0. */
export type SeenRows = {
  readonly first: number;
  readonly last: number;
  /** Whether nothing is scrolled away. */
  readonly isAtTop: boolean;
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
  /** Called as the table is scrolled. */
  readonly onSeen?: ((seen: SeenRows) => void) | undefined;
  /** To scroll it by. */
  readonly scroller?: RefObject<HTMLDivElement | null>;
  readonly maxHeight?: string;
};

/** Rows beyond those that are seen, on each side: a quick scroll shows no gap. */
const overscan = 10;
const rowHeight = 40;

/**
 * A table of any number of rows, of which those that are seen are in the page, and a few more. Arrow keys, Home, End and
 * Page keys move among rows; Enter opens one. Rows of a `<table>` cannot be placed one by one, so roles make it one.
 * A row is drawn again where it is another object, so `columns` and `onOpen` that stay the same make a scroll quick.
 */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, rows, columns, rowKey, onOpen, isFresh, selected, maxHeight = '70vh' } = props;
  const own = useRef<HTMLDivElement>(null);
  const scroller = props.scroller ?? own;
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
          if (row === undefined) return null;
          const isSelected = selected !== undefined && selected === rowKey(row);
          const isNew = isFresh?.(row) ?? false;
          const place = { index, start, count: rows.length, virtual, scroller };
          return <BodyRow key={key} {...{ row, columns, onOpen, isSelected, isNew, ...place }} />;
        })}
      </div>
    </div>
  );
}

function useRows<Row>(
  { rows, rowKey, onEnd, onSeen }: DataTableProps<Row>,
  scroller: RefObject<HTMLDivElement | null>,
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
      const { range, scrollOffset } = instance;
      if (range) {
        const seen = { first: range.startIndex, last: range.endIndex };
        onSeen?.({ ...seen, isAtTop: (scrollOffset ?? 0) < 1 });
      }
    },
  });
}

type Place = {
  readonly index: number;
  /** Rows of the table. */
  readonly count: number;
  readonly virtual: Virtualizer<HTMLDivElement, Element>;
  readonly scroller: RefObject<HTMLDivElement | null>;
};

type BodyRowProps<Row> = Pick<DataTableProps<Row>, 'columns' | 'onOpen'> &
  Place & {
    readonly row: Row;
    /** Pixels from the top. */
    readonly start: number;
    readonly isSelected: boolean;
    readonly isNew: boolean;
  };

const BodyRow = memo(function BodyRow<Row>(props: BodyRowProps<Row>) {
  const { row, columns, onOpen, start, isSelected, isNew, ...place } = props;
  return (
    <div
      role="row"
      data-row={place.index}
      data-fresh={isNew || undefined}
      aria-rowindex={place.index + 2}
      aria-current={isSelected ? 'true' : undefined}
      tabIndex={onOpen ? 0 : -1}
      className={`${styles.row} ${onOpen ? styles.opens : ''}`}
      style={{ transform: `translateY(${start}px)` }}
      onClick={(event) => isPlain(event) && onOpen?.(row)}
      onKeyDown={(event) => {
        if (!isWithin(event)) return;
        if (event.key === 'Enter' && event.target === event.currentTarget) onOpen?.(row);
        else move(event, place);
      }}
    >
      {columns.map((column) => (
        <div key={column.id} role="cell" className={cellClass(column)}>
          {column.render(row)}
        </div>
      ))}
    </div>
  );
}) as <Row>(props: BodyRowProps<Row>) => ReactNode;

function cellClass<Row>({ isWideOnly, align }: Column<Row>): string {
  return [styles.cell, isWideOnly ? styles.wideOnly : '', align === 'end' ? styles.end : '']
    .filter(Boolean)
    .join(' ');
}

/** What is clicked in a row and does something by itself opens no row. */
function isPlain(event: SyntheticEvent): boolean {
  const { target } = event;
  const doesItself = target instanceof Element && target.closest('a, button, input, select, label');
  return isWithin(event) && !doesItself;
}

/** Of a menu that a row opens React tells the row too, though it is elsewhere in the page. */
function isWithin({ target, currentTarget }: SyntheticEvent): boolean {
  return target instanceof Node && currentTarget.contains(target);
}

function move(event: KeyboardEvent, { index, count, virtual, scroller }: Place): void {
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
  requestAnimationFrame(() =>
    scroller.current?.querySelector<HTMLElement>(`[data-row="${to}"]`)?.focus(),
  );
}
