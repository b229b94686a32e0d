import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { Tables } from '../tables.ts';

/** Rows of one statement: few sizes, each of which is kept compiled, and few statements for any number of rows. */
const INSERT_SIZES = [256, 128, 64, 32, 16, 8, 4, 2, 1] as const;

/**
 * Adds any number of rows to a table, whose statements are compiled once.
 *
 * @param build - Makes the statement of so many rows. All rows have their columns in one order.
 */
export function createRowInsert<Row extends object>(
  build: (rows: readonly Row[]) => Compilable,
): (transaction: Kysely<Tables>, rows: readonly Row[]) => Promise<void> {
  const compiled = new Map<number, CompiledQuery>();
  return async (transaction, rows) => {
    for (const some of inSizes(rows)) {
      const statement = compiled.get(some.length) ?? build(some).compile();
      compiled.set(some.length, statement);
      const parameters = some.flatMap((row) => Object.values(row));
      await transaction.executeQuery({ ...statement, parameters });
    }
  };
}

function* inSizes<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  let start = 0;
  for (const size of INSERT_SIZES) {
    for (; rows.length - start >= size; start += size) yield rows.slice(start, start + size);
  }
}
