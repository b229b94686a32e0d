import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Longer than any script that an installer writes. */
const SCRIPT_LIMIT_BYTES = 256 * 1024;

/**
 * Makes the scripts of a virtual environment name the place it is about to be moved to. Its packages and its Python
 * find each other by themselves.
 */
export async function moveEnvironment(from: string, to: string): Promise<void> {
  const bin = join(from, 'bin');
  for (const name of await readdir(bin)) {
    const path = join(bin, name);
    const stats = await lstat(path);
    if (!stats.isFile() || stats.size > SCRIPT_LIMIT_BYTES) continue;
    const bytes = await readFile(path);
    if (bytes.includes(0)) continue;
    const text = bytes.toString('utf8');
    if (text.includes(from)) await writeFile(path, text.replaceAll(from, to));
  }
}
