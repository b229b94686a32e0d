import { constants, type Stats } from 'node:fs';
import { access, type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { delimiter, isAbsolute, join, sep } from 'node:path';
import { decodeText, notTextReasons } from '../protocol/text/decode-text.ts';

/** What of a file that strangers wrote is read: it lies below `within`, links followed, and is no larger than this. */
export type FileBounds = { readonly within: string; readonly limitBytes: number };

/** Of what a module declares: `package.json`, requirements, `.env`, `.npmrc`, `tsconfig.json`. */
export const DECLARATION_LIMIT_BYTES = 1024 * 1024;

/** Of a source file. */
export const SOURCE_LIMIT_BYTES = 8 * 1024 * 1024;

/** Of a lock file. */
export const LOCK_LIMIT_BYTES = 32 * 1024 * 1024;

/** Of any file that a module is made of; data that it imports may be large. */
export const MODULE_FILE_LIMIT_BYTES = 256 * 1024 * 1024;

/**
 * The text of a file that strangers wrote. The gateway may read more than they may: a link that leads out, a second
 * name of a file that only the gateway may read, a pipe, a device, or a file without end is refused without a wait.
 *
 * @throws what `fs` throws, with its `code`; else with the code `OUTSIDE`, `LINKED`, `NOTFILE`, `EISDIR`, `TOO_LARGE`,
 *   `UTF16` or `NOT_UTF8`.
 */
export async function readOwnText(path: string, bounds: FileBounds): Promise<string> {
  return textOf(await readOwnBytes(path, bounds), path);
}

/** The text of what was read of a file. Throws with the code `UTF16` or `NOT_UTF8`. */
export function textOf(bytes: Uint8Array, path: string): string {
  const decoded = decodeText(bytes);
  if (decoded.type === 'text') return decoded.text;
  throw unread(path, decoded.reason, decoded.code);
}

/** The bytes of such a file; throws as `readOwnText`, but for what they say. */
export function readOwnBytes(
  path: string,
  { within, limitBytes }: FileBounds,
): Promise<Buffer<ArrayBuffer>> {
  return withFile(path, async (file, stats) => {
    await checkOwn(file, path, { within, stats });
    return readUpTo(file, path, { sizeBytes: stats.size, limitBytes });
  });
}

/** The first bytes of such a file, which may be larger than the limit, and its size. Throws as `readOwnBytes`. */
export function readOwnHead(
  path: string,
  { within, limitBytes }: FileBounds,
): Promise<{ readonly bytes: Buffer; readonly sizeBytes: number }> {
  return withFile(path, async (file, stats) => {
    await checkOwn(file, path, { within, stats });
    const length = Math.min(stats.size, limitBytes);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, 0);
    return { bytes: buffer.subarray(0, bytesRead), sizeBytes: stats.size };
  });
}

async function checkOwn(
  file: FileHandle,
  path: string,
  { within, stats }: { readonly within: string; readonly stats: Stats },
): Promise<void> {
  // Of what was opened, not of the name: that may lead elsewhere by now.
  const [home, place] = await Promise.all([realpath(within), placeOf(file, path)]);
  if (!place.startsWith(home + sep)) {
    throw unread(path, 'leads out of its folder', 'OUTSIDE');
  }
  if (isRoot() && stats.nlink > 1 && (stats.mode & constants.S_IROTH) === 0) {
    throw unread(path, 'has a second name elsewhere', 'LINKED');
  }
}

/**
 * The bytes of a file wherever it lies, up to a limit.
 *
 * @throws as `readOwnText`, but for the place.
 */
export function readPlainBytes(path: string, limitBytes: number): Promise<Buffer<ArrayBuffer>> {
  return withFile(path, (file, stats) =>
    readUpTo(file, path, { sizeBytes: stats.size, limitBytes }),
  );
}

/** The first bytes of a file, wherever it lies. Throws as `readPlainBytes`. */
export function readHead(path: string, headBytes: number): Promise<Buffer> {
  return withFile(path, async (file) => {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  });
}

/** Why a file was not read, to complete a sentence that begins with its name; nothing of what it holds. */
export function whyUnread(error: unknown): string {
  const code = errorCode(error);
  return reasons[code] ?? `cannot be read (${code})`;
}

/** Whether there is something that is not read for what it is. */
export function isRefused(error: unknown): boolean {
  return errorCode(error) in reasons && errorCode(error) !== 'EISDIR';
}

/** Whether there is a file, of any size, that lies below a folder once links are followed. */
export function isOwnFile(path: string, within: string): Promise<boolean> {
  return withFile(path, async (file) =>
    (await placeOf(file, path)).startsWith((await realpath(within)) + sep),
  ).catch(() => false);
}

/** Whether a file was not read because there is none. */
export function isAbsent(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error));
}

const reasons: Readonly<Record<string, string>> = {
  OUTSIDE: 'is a link that leads out of its folder',
  LINKED: 'has a second name elsewhere, and not everybody may read it',
  NOTFILE: 'is a pipe or device, not a file',
  EISDIR: 'is a folder, not a file',
  TOO_LARGE: 'is larger than such a file can be',
  ...notTextReasons,
};

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

async function withFile<Result>(
  path: string,
  read: (file: FileHandle, stats: Stats) => Promise<Result>,
): Promise<Result> {
  // Without waiting: to open a pipe would last until somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) {
      throw unread(path, 'is not a file', stats.isDirectory() ? 'EISDIR' : 'NOTFILE');
    }
    return await read(file, stats);
  } finally {
    await file.close();
  }
}

/** Where an open file lies; where the system does not tell, where its name leads. */
function placeOf(file: FileHandle, path: string): Promise<string> {
  return readlink(`/proc/self/fd/${file.fd}`).catch(() => realpath(path));
}

/** Not by its size alone: what is written meanwhile grows, and files of the system tell none. */
async function readUpTo(
  file: FileHandle,
  path: string,
  { sizeBytes, limitBytes }: { readonly sizeBytes: number; readonly limitBytes: number },
): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer<ArrayBuffer>[] = [];
  let total = 0;
  for (;;) {
    if (Math.max(total, sizeBytes) > limitBytes) throw unread(path, 'is too large', 'TOO_LARGE');
    // One byte more than it has, so that its end shows at once.
    const wanted = Math.max(sizeBytes - total + 1, GROWTH_BYTES);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
  }
}

/** What is read at a time beyond the size a file tells. */
const GROWTH_BYTES = 4096;

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function unread(path: string, why: string, code: string): Error {
  return Object.assign(new Error(`${path} ${why}.`), { code });
}

/** Whether there is something at a path that can be reached, whatever it is. */
export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Absolute path of a program in PATH; null where there is none. What is relative there means nothing here. */
export async function findProgram(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter((one) => isAbsolute(one))) {
    const program = join(folder, name);
    if (await exists(program)) return program;
  }
  return null;
}
