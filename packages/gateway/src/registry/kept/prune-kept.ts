import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoredGeneration } from '../../protocol/records.ts';

/** What is younger may belong to a process that has not recorded it yet. */
const youngMs = 24 * 60 * 60 * 1000;

const keptName = /^([0-9a-f]{64})(\.[\w-]+)?$/;

/**
 * Removes kept bytes that none of these generations is made of, a day after they were written: edits and old `.env`
 * files do not pile up. Without a generation nothing is known, and nothing removed. Never throws.
 *
 * @param folder - Holds files named by their SHA-256, and drafts of them.
 */
export async function pruneKept(
  folder: string,
  generations: readonly StoredGeneration[],
  nowMs: number,
): Promise<void> {
  if (generations.length === 0) return;
  const used = new Set(generations.flatMap(hashesOf));
  const names = await readdir(folder).catch(() => []);
  const unused = names.filter((name) => {
    const [, hash, draft] = keptName.exec(name) ?? [];
    return hash !== undefined && (draft !== undefined || !used.has(hash));
  });
  for (const name of unused) {
    const path = join(folder, name);
    const stats = await stat(path).catch(() => null);
    if (stats && nowMs - stats.mtimeMs > youngMs) await rm(path, { force: true }).catch(() => null);
  }
}

function hashesOf({ manifest, envSha256 }: StoredGeneration): string[] {
  return [...manifest.files.map(({ sha256 }) => sha256), ...(envSha256 ? [envSha256] : [])];
}
