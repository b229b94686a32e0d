import type { Matrix } from '../../../api/matrix.ts';
import type { SecuritySearch } from '../search.ts';

/** The keys and the columns that fit the filters of an address. */
export function filterMatrix(
  { columns, rows, isTruncated }: Matrix,
  { keys = '', agents = '', verdict }: SecuritySearch,
): Matrix {
  const wantedKey = keys.trim().toLowerCase();
  const wantedColumn = agents.trim().toLowerCase();
  const places = columns.flatMap((name, place) =>
    name.toLowerCase().includes(wantedColumn) ? [place] : [],
  );
  const isWhole = places.length === columns.length;
  const shown = rows
    .filter(({ key }) => `${key.name}\n${key.id}\n${key.role}`.toLowerCase().includes(wantedKey))
    .map(({ key, cells }) => ({
      key,
      cells: isWhole ? cells : cells.filter((_cell, place) => places.includes(place)),
    }))
    .filter(
      ({ cells }) => verdict === undefined || cells.some(({ decision }) => is(decision, verdict)),
    );
  return { columns: places.map((place) => columns[place] ?? ''), rows: shown, isTruncated };
}

/** What depends also on a person is among what depends. */
function is(decision: string, verdict: string): boolean {
  return decision === verdict || (verdict === 'ask' && decision === 'ask_approval');
}
