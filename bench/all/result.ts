import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import type { Table } from './markdown.ts';

/** Where result files are. */
export const resultsFolder = join(import.meta.dirname, '../results');

/** What a bench gave, as its file keeps it. */
export type Result = {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly measured_at: string;
  /** What was checked out; `null` where git does not tell. */
  readonly commit: string | null;
  /** With the settings that are not those of the script itself. */
  readonly commands: readonly string[];
  /** `null` where it was not kept. */
  readonly took_seconds: number | null;
  /** What a reader has to know of this one. */
  readonly note?: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly tables: readonly Table[];
};

/** The result of a bench; `null` where it was not measured yet. */
export function readResult(name: string): Result | null {
  try {
    return JSON.parse(readFileSync(fileOf(name), 'utf8')) as Result;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Keeps a result; gives its file. */
export function writeResult(result: Result): string {
  writeFileSync(fileOf(result.name), `${JSON.stringify(result, null, 2)}\n`);
  return fileOf(result.name);
}

function fileOf(name: string): string {
  return join(resultsFolder, `${name}.json`);
}

/** What a cell is found by: the head of its table, its row and its column, or what they begin with. */
export type Place = { readonly table: string; readonly row: string; readonly column: string };

/**
 * Gives a cell of a result.
 *
 * @throws Error where there is no such cell: a bench prints its tables otherwise.
 */
export function cellOf({ name, tables }: Result, { table, row, column }: Place): string {
  const heads = tables.map(({ columns }) => columns[0]);
  const { columns = [], rows = [] } = tables[placeOf(table, heads)] ?? {};
  const titles = rows.map(([title]) => title);
  // The first column has the titles of the rows.
  const cell = rows[placeOf(row, titles)]?.[placeOf(column, columns.slice(1)) + 1];
  if (cell === undefined) {
    throw new Error(`The result of ${name} has no "${column}" of "${row}" in "${table}".`);
  }
  return cell;
}

/** Of the text itself, else of the first that begins with it; where there is neither, a place that nothing has. */
function placeOf(text: string, texts: readonly (string | undefined)[]): number {
  const whole = texts.indexOf(text);
  const at = whole < 0 ? texts.findIndex((each) => each?.startsWith(text)) : whole;
  return at < 0 ? Number.NaN : at;
}
