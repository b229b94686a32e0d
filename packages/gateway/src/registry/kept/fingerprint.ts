import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { FilePrint } from '../../protocol/records.ts';
import { MODULE_FILE_LIMIT_BYTES, readPlainBytes } from '../../system/files.ts';

/** Reads and hashes the files, absent ones included: a file that appears later is a change too. */
export function takePrints(paths: Iterable<string>): Promise<FilePrint[]> {
  return Promise.all([...new Set(paths)].map(takePrint));
}

/**
 * Compares with what is on disk, by size and time of change first and by content only where those differ.
 *
 * @returns The prints as they are now, or null where some content changed.
 */
export async function unchangedPrints(prints: readonly FilePrint[]): Promise<FilePrint[] | null> {
  const now = await Promise.all(prints.map(refreshPrint));
  return now.every((print, index) => print.sha256 === prints[index]?.sha256) ? now : null;
}

/** File systems tell time in steps: what changes twice in one of them shows one time for both. */
const clockStepMs = 100;

async function refreshPrint(print: FilePrint): Promise<FilePrint> {
  const stats = await stat(print.path).catch(() => null);
  // Not by the time of modification, which tools set back to what it was.
  if (stats ? stats.size === print.size && stats.ctimeMs === print.changedMs : print.size === -1) {
    return print;
  }
  return takePrint(print.path);
}

async function takePrint(path: string): Promise<FilePrint> {
  const nowMs = Date.now();
  // The time is read before the content: a write in between then shows as a change at the next look.
  const stats = await stat(path).catch(() => null);
  const bytes = stats?.isFile() ? await contentOf(path) : null;
  if (!stats || !bytes) return { path, size: -1, mtimeMs: 0, changedMs: 0, sha256: '' };
  // Fresh, or of a clock that has since been set back: the next change may show the same time.
  const isFresh = stats.ctimeMs > nowMs - clockStepMs;
  return {
    path,
    size: stats.size,
    mtimeMs: stats.mtimeMs,
    changedMs: isFresh ? 0 : stats.ctimeMs,
    sha256: sha256(bytes),
  };
}

/** By now it may be another than it was a moment ago, such as a pipe. */
function contentOf(path: string): Promise<Buffer | null> {
  return readPlainBytes(path, MODULE_FILE_LIMIT_BYTES).catch(() => null);
}

/** SHA-256 of bytes, hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
