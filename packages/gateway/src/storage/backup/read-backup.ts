import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { StoreError } from '../store-error.ts';
import {
  type BackupEnd,
  type BackupHeader,
  type BackupLine,
  damaged,
  MAX_LINE_CHARACTERS,
  noBackup,
  parseHeader,
  parseLine,
} from './backup-lines.ts';

/** What is done with a backup while it is read; what it is asked to do may still turn out to be of a damaged one. */
export type BackupReader = {
  begin(header: BackupHeader): Promise<void> | void;
  line(line: BackupLine): Promise<void> | void;
};

/**
 * Reads a backup to its end. Resolves only where it is whole.
 *
 * @throws StoreError where it cannot be read, is none, is of a newer version, is cut or damaged.
 */
export async function readBackup(file: string, reader: BackupReader): Promise<BackupEnd> {
  const hash = createHash('sha256');
  let header: BackupHeader | null = null;
  let end: BackupEnd | null = null;
  const rows: Record<string, number> = {};
  const files = new Set<string>();
  for await (const text of linesOf(file)) {
    if (end) throw damaged(file);
    if (header === null) {
      header = parseHeader(text, file);
      hash.update(`${text}\n`);
      await reader.begin(header);
      continue;
    }
    const line = parseLine(text, file);
    if (line.type === 'end') {
      end = line.end;
      continue;
    }
    hash.update(`${text}\n`);
    if (line.type === 'row') rows[line.table] = (rows[line.table] ?? 0) + 1;
    else files.add(line.file);
    await reader.line(line);
  }
  if (header === null) throw noBackup(file);
  if (end === null || hash.digest('hex') !== end.sha256) throw damaged(file);
  const isCounted = Object.entries(end.rows).every(([table, many]) => (rows[table] ?? 0) === many);
  if (!isCounted || files.size !== end.files) throw damaged(file);
  return end;
}

/** Lines without their ends, each of bounded length. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file);
  const unpacked = source.on('error', (error) => unpacked.destroy(error)).pipe(createGunzip());
  let begun: Buffer[] = [];
  let length = 0;
  let isBegun = false;
  try {
    for await (const chunk of unpacked as AsyncIterable<Buffer>) {
      let from = 0;
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
        begun.push(chunk.subarray(from, at));
        isBegun = true;
        yield Buffer.concat(begun).toString('utf8');
        begun = [];
        length = 0;
        from = at + 1;
      }
      begun.push(chunk.subarray(from));
      length += chunk.length - from;
      if (length > MAX_LINE_CHARACTERS) throw damaged(file);
    }
  } catch (error) {
    throw unreadable(file, error, isBegun);
  } finally {
    source.destroy();
    unpacked.destroy();
  }
  if (length > 0) throw damaged(file);
}

function unreadable(file: string, error: unknown, isBegun: boolean): unknown {
  if (error instanceof StoreError) return error;
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new StoreError(`There is no file ${file}.`);
    case 'EISDIR':
      return new StoreError(`${file} is a folder. Name the file of a backup.`);
    case 'EACCES':
    case 'EPERM':
      return new StoreError(`${file} may not be read by this user.`);
    case 'Z_DATA_ERROR':
    case 'Z_BUF_ERROR':
      return isBegun ? damaged(file, error) : noBackup(file);
    default:
      return error;
  }
}
