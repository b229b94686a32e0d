import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 1024 * 1024;

/** What a folder of packages takes on the disk, in MiB to a tenth, and how many packages are in it. */
export async function installSize(
  folder: string,
): Promise<{ readonly install_mb: number; readonly packages: number }> {
  let bytes = 0;
  let packages = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const stats = await lstat(join(entry.parentPath, entry.name));
    bytes += stats.blocks * 512;
    const isPackage = /node_modules\/(@[^/]+\/)?[^/]+$/.test(entry.parentPath);
    if (entry.name === 'package.json' && isPackage) packages += 1;
  }
  return { install_mb: Math.round((bytes / MIB) * 10) / 10, packages };
}
