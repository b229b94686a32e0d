import { isUtf8 } from 'node:buffer';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import { type Place, placeOf } from '../explain/code-place.ts';

/** No one writes a source file of this size; a generated or mistaken one would hold up its process for seconds. */
const sourceLimitBytes = 8 * 1024 * 1024;

/** Data that is imported may be much larger; the gateway keeps no file beyond this. */
const dataLimitBytes = 256 * 1024 * 1024;

/** A zero in the head of a file makes it binary, as for git: some UTF-16 and small binaries are valid UTF-8. */
const headBytes = 8000;

/** A local file that is there and is no source text. `reason` completes a sentence that begins with its path. */
export class SourceReadError extends Error {
  override readonly name = 'SourceReadError';
  readonly file: string;
  readonly code: string;
  readonly reason: string;
  readonly hint: string;
  readonly place: Place | null;

  constructor(
    file: string,
    about: { code: string; reason: string; hint: string; place?: Place | null; cause?: unknown },
  ) {
    super(`${file} ${about.reason}`, { cause: about.cause });
    this.file = file;
    this.code = about.code;
    this.reason = about.reason;
    this.hint = about.hint;
    this.place = about.place ?? null;
  }
}

/** Bytes of a source file, which are UTF-8. Throws a `SourceReadError`, or what `fs` throws where there is no file. */
export function readSource(path: string): Buffer {
  const limit = extname(path) === '.json' ? dataLimitBytes : sourceLimitBytes;
  const bytes = readBytes(path, limit);
  if (isUtf8(bytes) && !bytes.subarray(0, headBytes).includes(0)) return bytes;
  const mark = bytes.toString('hex', 0, 2);
  const isUtf16 = mark === 'fffe' || mark === 'feff';
  if (!isUtf16 && bytes.includes(0)) {
    throw new SourceReadError(path, {
      code: 'file_binary',
      reason: 'holds binary data, not source text.',
      hint: 'Put the source there, or remove the file.',
    });
  }
  throw new SourceReadError(path, {
    code: 'file_not_utf8',
    reason: isUtf16 ? 'is UTF-16, not UTF-8.' : 'is not valid UTF-8.',
    hint: 'Save the file as UTF-8.',
    // What is no UTF-8 is decoded to the replacement character.
    place: isUtf16 ? null : placeOf(bytes.toString('utf8'), /\uFFFD/),
  });
}

/** Bytes of a file below a limit. Throws as `readSource`, but takes any bytes. */
export function readBytes(path: string, limit = dataLimitBytes): Buffer {
  // Without waiting: to open a pipe would block the process until somebody writes to it.
  const file = openOrExplain(path);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) {
      throw new SourceReadError(path, {
        code: 'not_a_file',
        reason: `is ${stats.isDirectory() ? 'a folder' : 'a pipe, socket or device'}, not a file.`,
        hint: 'Put a file in its place.',
      });
    }
    if (stats.size >= limit) throw tooLarge(path, stats.size, limit);
    const bytes = readBelow(file, stats.size, limit);
    if (bytes.length >= limit) throw tooLarge(path, bytes.length, limit);
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Not by its size alone: a file may grow while it is read, and files of the system tell none. */
function readBelow(file: number, sizeBytes: number, limit: number): Buffer {
  const pieces: Buffer[] = [];
  for (let total = 0; total < limit; ) {
    const piece = Buffer.allocUnsafe(Math.max(sizeBytes - total + 1, growthBytes));
    const count = readSync(file, piece);
    if (count === 0) break;
    pieces.push(piece.subarray(0, count));
    total += count;
  }
  return Buffer.concat(pieces);
}

/** What is read at a time beyond the size a file tells. */
const growthBytes = 4096;

function tooLarge(path: string, sizeBytes: number, limit: number): SourceReadError {
  const megabytes = (sizeBytes / 1024 / 1024).toFixed(1);
  const what = limit === dataLimitBytes ? 'JSON that is imported' : 'a source file';
  return new SourceReadError(path, {
    code: 'file_too_large',
    reason: `has ${megabytes} MiB; ${what} has less than ${limit / 1024 / 1024} MiB.`,
    hint: 'Move data out of the source, into a file that it reads or a JSON file that it imports.',
  });
}

function openOrExplain(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw cause;
    throw new SourceReadError(path, {
      code: 'file_unreadable',
      reason: `cannot be read (${code}).`,
      hint: 'Let the user the gateway runs as read it (`chmod u+r`), then refresh.',
      cause,
    });
  }
}
