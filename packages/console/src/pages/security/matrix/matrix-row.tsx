import { type CSSProperties, memo } from 'react';
import type { Matrix } from '../../../api/matrix.ts';
import { fill, text } from '../../../strings/text.ts';
import { Verdict } from '../parts/verdict.tsx';
import styles from './matrix.module.css';

/** What one key is answered. */
export const MatrixRow = memo(function MatrixRow(props: {
  readonly row: Matrix['rows'][number];
  readonly columns: readonly string[];
  /** The columns that are in the page; `start` in pixels. */
  readonly seen: readonly { readonly index: number; readonly start: number }[];
  readonly index: number;
  /** Pixels from the top. */
  readonly start: number;
  /** The column that the Tab key goes to, where it is in this row. */
  readonly focusColumn: number | null;
  readonly keptColumn: number | null;
}) {
  const { row, columns, seen, index, start, focusColumn, keptColumn } = props;
  const { key, cells } = row;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={styles.row}
      style={{ transform: `translateY(${start}px)` }}
    >
      <div
        role="rowheader"
        aria-colindex={1}
        className={styles.name}
        title={`${key.name} (${key.id})`}
      >
        <span>{key.name}</span>
        <span className={styles.soft}>{key.role}</span>
      </div>
      {seen.map((column) => {
        const cell = cells[column.index];
        const what = columns[column.index];
        if (!cell || what === undefined) return null;
        return (
          <div
            key={column.index}
            role="gridcell"
            data-cell={`${index}-${column.index}`}
            aria-colindex={column.index + 2}
            aria-selected={keptColumn === column.index}
            aria-label={fill(text.security.matrix.cell, {
              key: key.name,
              what,
              verdict: text.security.verdicts[cell.decision],
              rule: cell.rule
                ? fill(text.security.rule, { id: cell.rule.id })
                : text.security.noRule,
            })}
            tabIndex={focusColumn === column.index ? 0 : -1}
            className={styles.cell}
            style={{ '--at': `${column.start}px` } as CSSProperties}
          >
            <Verdict value={cell.decision} />
          </div>
        );
      })}
    </div>
  );
});
