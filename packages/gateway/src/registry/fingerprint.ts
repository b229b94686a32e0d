import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { FilePrint } from '../protocol/records.ts';

/** Reads and hashes the files, absent ones included: a file that appears later is a change too. */
export function takePrints(paths: Iterable<string>): Promise<FilePrint[]> {
  return Promise.all([...new Set(paths)].map(takePrint));
}

/**
 * Compares with what is on disk, by size and time first and by content only where those differ.
 *
 * @returns The prints as they are now, or null where some content changed.
 */
export async function unchangedPrints(prints: readonly FilePrint[]): Promise<FilePrint[] | null> {
  const now = await Promise.all(prints.map(refreshPrint));
  return now.every((print, index) => print.sha256 === prints[index]?.sha256) ? now : null;
}

async function refreshPrint(print: FilePrint): Promise<FilePrint> {
  const stats = await stat(print.path).catch(() => null);
  if (stats ? stats.size === print.size && stats.mtimeMs === print.mtimeMs : print.size === -1) {
    return print;
  }
  return takePrint(print.path);
}

async function takePrint(path: string): Promise<FilePrint> {
  // The time is read before the content: a write in between then shows as a change at the next look.
  const stats = await stat(path).catch(() => null);
  const bytes = stats?.isFile() ? await readFile(path).catch(() => null) : null;
  if (!stats || !bytes) return { path, size: -1, mtimeMs: 0, sha256: '' };
  return { path, size: stats.size, mtimeMs: stats.mtimeMs, sha256: sha256(bytes) };
}

/** SHA-256 of bytes, hex. */
export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
