import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CommandError } from '../command.ts';

/**
 * Writes a file that is not there yet, with its folders. Resolves to whether it was written: what is there, be it a
 * dangling link, stays.
 *
 * @throws CommandError where it cannot be written.
 */
export async function writeNew(file: string, text: string): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && path === file) return false;
    throw new CommandError(
      `${file} cannot be written (${code}). Correct what is in its way, or the permissions.`,
    );
  }
}
