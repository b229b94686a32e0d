import { useVirtualizer } from '@tanstack/react-virtual';
import {
  type CSSProperties,
  memo,
  type RefObject,
  type SyntheticEvent,
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
  const { matrix, label, kept, onPoint, onKeep } = props;
  const { columns, rows } = matrix;
  const scroller = useRef<HTMLDivElement>(null);
  const [focus, setFocus] = useState<Place>({ row: 0, column: 0 });
  const { rowList, columnList, goTo } = useGrid(matrix, scroller);
  const at = {
    row: Math.min(focus.row, rows.length - 1),
    column: Math.min(focus.column, columns.length - 1),
  };
  const point = (event: SyntheticEvent) => {
    const place = placeOf(event.target);
    if (!place) return;
    if (event.type === 'focus') setFocus(place);
    onPoint(place);
  };
  const seen = columnList.getVirtualItems();
  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-colcount={columns.length + 1}
      className={styles.grid}
      style={
        {
          '--column-width': `${columnWidth}px`,
          '--columns': `${columnList.getTotalSize()}px`,
        } as CSSProperties
      }
      onPointerOver={point}
      onFocus={point}
      onClick={(event) => {
        const place = placeOf(event.target);
        if (place) onKeep(place);
      }}
      onKeyDown={(event) => {
        const place = placeOf(event.target);
        if (!place) return;
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          onKeep(place);
          return;
        }
        const next = moved(event, place, { rows: rows.length, columns: columns.length });
        if (!next) return;
        event.preventDefault();
        goTo(next);
      }}
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
              focusColumn={at.row === index ? at.column : null}
              keptColumn={kept?.row === index ? kept.column : null}
            />
          );
        })}
      </div>
    </div>
  );
});

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
  function goTo({ row, column }: Place): void {
    rowList.scrollToIndex(row);
    columnList.scrollToIndex(column);
    requestAnimationFrame(() => {
      scroller.current?.querySelector<HTMLElement>(`[data-cell="${row}-${column}"]`)?.focus();
    });
  }
  return { rowList, columnList, goTo };
}

/** The cell that an event is about; null outside of any. */
function placeOf(target: EventTarget): Place | null {
  const cell = target instanceof Element ? target.closest<HTMLElement>('[data-cell]') : null;
  const [row, column] = cell?.dataset.cell?.split('-').map(Number) ?? [];
  return row === undefined || column === undefined ? null : { row, column };
}
