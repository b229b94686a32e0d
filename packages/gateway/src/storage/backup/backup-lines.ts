import { z } from 'zod';
import { StoreError } from '../store-error.ts';

/** A row as a database gives it: texts, numbers, nulls and bytes by the names of their columns. */
export type Row = Readonly<Record<string, string | number | null | Uint8Array>>;

/** Of a row's line, as text. What the journal keeps of one step is far below it. */
export const MAX_LINE_CHARACTERS = 64 * 1024 * 1024;

/** What the first line of a backup says; times are ISO 8601 in UTC. */
const headerSchema = z.object({
  format: z.literal('dropgate-backup'),
  format_version: z.int(),
  dropgate: z.string(),
  made_at: z.string(),
  engine: z.enum(['sqlite', 'postgres']),
  /** Absolute, on the machine that made it. */
  project_root: z.string(),
  /** Every change of the tables that the store had, oldest first. */
  migrations: z.array(z.string()).min(1),
});

/** What the last line says: how much came before it, and the SHA-256 of all of that. */
const endSchema = z.object({
  end: z.object({
    rows: z.record(z.string(), z.int()),
    files: z.int(),
    sha256: z.string(),
  }),
});

const valueSchema = z.union([
  z.string(),
  z.number(),
  z.null(),
  z.strictObject({ bytes: z.base64() }),
]);

const rowSchema = z.strictObject({
  table: z.string(),
  row: z.record(z.string(), valueSchema),
});

/** A piece of a file that is kept by its SHA-256; pieces of one file follow on each other. */
const pieceSchema = z.strictObject({
  file: z.string().regex(/^[0-9a-f]{64}$/),
  piece: z.base64(),
});

export type BackupHeader = z.infer<typeof headerSchema>;
export type BackupEnd = z.infer<typeof endSchema>['end'];

/** A line between the first and the last one. */
export type BackupLine =
  | { readonly type: 'row'; readonly table: string; readonly row: Row }
  | { readonly type: 'piece'; readonly file: string; readonly bytes: Uint8Array };

/** The form that this version writes, and the newest it reads. */
export const FORMAT_VERSION = 1;

/** A row as a line, without its end. */
export function rowLine(table: string, row: Row): string {
  const shown = Object.entries(row).map(([column, value]) => [column, storable(value)]);
  return JSON.stringify({ table, row: Object.fromEntries(shown) });
}

function storable(value: Row[string]): unknown {
  return value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('base64') } : value;
}

/** A piece of a kept file as a line, without its end. */
export function pieceLine(file: string, bytes: Buffer): string {
  return JSON.stringify({ file, piece: bytes.toString('base64') });
}

/**
 * The first line.
 *
 * @throws StoreError where it is no backup, or one of a newer version.
 */
export function parseHeader(line: string, place: string): BackupHeader {
  const value = json(line);
  const head = headerSchema.pick({ format: true, format_version: true }).safeParse(value).data;
  if (!head) throw noBackup(place);
  if (head.format_version > FORMAT_VERSION) {
    throw new StoreError(
      `${place} was made by a newer version of Dropgate. Update Dropgate, then restore it.`,
    );
  }
  const header = headerSchema.safeParse(value).data;
  if (!header) throw damaged(place);
  return header;
}

/**
 * A line behind the first one.
 *
 * @throws StoreError where it makes no sense.
 */
export function parseLine(
  line: string,
  place: string,
): BackupLine | { readonly type: 'end'; readonly end: BackupEnd } {
  const value = json(line);
  const row = rowSchema.safeParse(value).data;
  if (row) {
    const columns = Object.entries(row.row).map(([column, stored]) => [column, restored(stored)]);
    return { type: 'row', table: row.table, row: Object.fromEntries(columns) };
  }
  const piece = pieceSchema.safeParse(value).data;
  if (piece) {
    return { type: 'piece', file: piece.file, bytes: Buffer.from(piece.piece, 'base64') };
  }
  const end = endSchema.safeParse(value).data;
  if (end) return { type: 'end', ...end };
  throw damaged(place);
}

function restored(value: z.infer<typeof valueSchema>): Row[string] {
  return typeof value === 'object' && value !== null ? Buffer.from(value.bytes, 'base64') : value;
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The failure of a file that is something else. */
export function noBackup(place: string): StoreError {
  return new StoreError(`${place} is no backup of Dropgate.`);
}

/** The failure of a backup that is not whole. */
export function damaged(place: string, cause?: unknown): StoreError {
  const message = `The backup ${place} is cut or damaged, so nothing of it was restored. Use another one.`;
  return new StoreError(message, cause === undefined ? {} : { cause });
}
