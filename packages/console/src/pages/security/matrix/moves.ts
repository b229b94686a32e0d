import type { KeyboardEvent } from 'react';
import type { Place } from './matrix-grid.tsx';

const page = 10;

/** Where a key leads from a cell, within what there is; null for a key that leads nowhere. */
export function moved(
  { key, ctrlKey }: Pick<KeyboardEvent, 'key' | 'ctrlKey'>,
  { row, column }: Place,
  size: { readonly rows: number; readonly columns: number },
): Place | null {
  const moves: Readonly<Record<string, Place>> = {
    ArrowRight: { row, column: column + 1 },
    ArrowLeft: { row, column: column - 1 },
    ArrowDown: { row: row + 1, column },
    ArrowUp: { row: row - 1, column },
    PageDown: { row: row + page, column },
    PageUp: { row: row - page, column },
    Home: { row: ctrlKey ? 0 : row, column: 0 },
    End: { row: ctrlKey ? size.rows : row, column: size.columns },
  };
  const to = moves[key];
  if (!to) return null;
  return { row: within(to.row, size.rows), column: within(to.column, size.columns) };
}

function within(value: number, count: number): number {
  return Math.min(Math.max(value, 0), count - 1);
}
