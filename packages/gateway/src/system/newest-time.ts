import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * When something below a folder changed last, in Unix milliseconds: files, and the folders in it, in which one may have
 * been removed. 0 where there is nothing.
 *
 * @param leaveOut - Names of files and folders directly in it that do not count.
 */
export async function newestTimeMs(
  folder: string,
  leaveOut: ReadonlySet<string> = new Set(),
): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const times = entries
    .filter(({ name }) => !leaveOut.has(name))
    .map(async (entry) => {
      const path = join(folder, entry.name);
      const own = (await stat(path).catch(() => null))?.mtimeMs ?? 0;
      return entry.isDirectory() ? Math.max(own, await newestTimeMs(path)) : own;
    });
  return Math.max(0, ...(await Promise.all(times)));
}
