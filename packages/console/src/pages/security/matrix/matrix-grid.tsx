import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type RefObject,
  type SyntheticEvent,
  useEffect,
  useRef,
  useState,
} from 'react';
import type { Matrix } from '../../../api/matrix.ts';
import { text } from '../../../strings/text.ts';
import styles from './matrix.module.css';
import { MatrixRow } from './matrix-row.tsx';
import { moved } from './moves.ts';

/** A cell by its row and column, from 0. */
export type Place = { readonly row: number; readonly column: number };

type GridProps = {
  readonly matrix: Matrix;
  readonly label: string;
  readonly kept: Place | null;
  readonly onPoint: (place: Place) => void;
  readonly onKeep: (place: Place) => void;
};

const rowHeight = 36;
const columnWidth = 132;

/** What the names of keys and of columns take of what is seen. */
const nameWidth = 200;
const headHeight = 48;

/**
 * The answers, of which those that are seen are in the page, in both directions. Arrow keys, Home, End and Page keys move
 * among them; Enter keeps one.
 */
export const MatrixGrid = memo(function MatrixGrid(props: GridProps) {
  const { matrix, label, kept } = props;
  const { columns, rows } = matrix;
  const scroller = useRef<HTMLDivElement>(null);
  const { rowList, columnList, goTo } = useGrid(matrix, scroller);
  const { focus, handlers } = useMoves(props, goTo);
  const seen = columnList.getVirtualItems();
  const sizes = {
    '--column-width': `${columnWidth}px`,
    '--columns': `${columnList.getTotalSize()}px`,
  };
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      className={styles.grid}
      style={sizes as CSSProperties}
      {...handlers}
    >
      <Heads columns={columns} seen={seen} />
      <div role="rowgroup" className={styles.body} style={{ height: rowList.getTotalSize() }}>
        {rowList.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          return row === undefined ? null : (
            <MatrixRow
              key={row.key.id}
              row={row}
              columns={columns}
              seen={seen}
              index={index}
              start={start}
              focusColumn={focus.row === index ? focus.column : null}
              keptColumn={kept?.row === index ? kept.column : null}
            />
          );
        })}
      </div>
    </div>
  );
});

/** What is done with the pointer and with keys, and the cell that the Tab key goes to. */
function useMoves({ matrix, onPoint, onKeep }: GridProps, goTo: (place: Place) => void) {
  const [at, setAt] = useState<Place>({ row: 0, column: 0 });
  const size = { rows: matrix.rows.length, columns: matrix.columns.length };
  const point = (event: SyntheticEvent) => {
    const place = placeOf(event.target);
    if (!place) return;
    if (event.type === 'focus') setAt(place);
    onPoint(place);
  };
  const keep = ({ target }: SyntheticEvent) => {
    const place = placeOf(target);
    if (place) onKeep(place);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const place = placeOf(event.target);
    if (!place) return;
    const next = moved(event, place, size);
    const isKeep = event.key === 'Enter' || event.key === ' ';
    if (!next && !isKeep) return;
    event.preventDefault();
    if (next) goTo(next);
    else onKeep(place);
  };
  return {
    // Filters may have taken away the row that it was in.
    focus: {
      row: Math.min(at.row, size.rows - 1),
      column: Math.min(at.column, size.columns - 1),
    },
    handlers: { onPointerOver: point, onFocus: point, onClick: keep, onKeyDown },
  };
}

function Heads(props: {
  readonly columns: readonly string[];
  readonly seen: readonly { readonly index: number; readonly start: number }[];
}) {
  return (
    <div role="rowgroup" className={styles.heads}>
      <div role="row" aria-rowindex={1} className={styles.headRow}>
        <div role="columnheader" aria-colindex={1} className={styles.corner}>
          {text.security.matrix.key}
        </div>
        {props.seen.map(({ index, start }) => {
          const name = props.columns[index] ?? '';
          const cut = name.lastIndexOf('/') + 1;
          return (
            <div
              key={name}
              role="columnheader"
              aria-colindex={index + 2}
              className={styles.head}
              style={{ '--at': `${start}px` } as CSSProperties}
              title={name}
            >
              <span className={styles.soft}>{name.slice(0, cut)}</span>
              <span>{name.slice(cut)}</span>
            </div>
          );
        })}
      </div>
    </div>
  );
}

function useGrid({ rows, columns }: Matrix, scroller: RefObject<HTMLDivElement | null>) {
  // A move within what is seen scrolls nothing, and has to be drawn all the same.
  const [, setMoves] = useState(0);
  const rowList = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 6,
    scrollPaddingEnd: headHeight,
  });
  const columnList = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => columnWidth,
    overscan: 3,
    scrollPaddingEnd: nameWidth,
  });
  /** Where the focus goes as soon as that cell is in the page. */
  const wanted = useRef<Place | null>(null);
  useEffect(() => {
    if (!wanted.current) return;
    const { row, column } = wanted.current;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-cell="${row}-${column}"]`);
    if (!cell) return;
    wanted.current = null;
    cell.focus({ preventScroll: true });
  });
  function goTo(place: Place): void {
    wanted.current = place;
    rowList.scrollToIndex(place.row);
    columnList.scrollToIndex(place.column);
    setMoves((count) => count + 1);
  }
  return { rowList, columnList, goTo };
}

/** The cell that an event is about; null outside of any. */
function placeOf(target: EventTarget): Place | null {
  const cell = target instanceof Element ? target.closest<HTMLElement>('[data-cell]') : null;
  const [row, column] = cell?.dataset.cell?.split('-').map(Number) ?? [];
  return row === undefined || column === undefined ? null : { row, column };
}
