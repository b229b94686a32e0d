import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { CommandError } from '../command.ts';

/**
 * Reads a key from a file; null where there is no file.
 *
 * @throws CommandError where it cannot be read.
 */
export async function readKeyFile(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') return null;
    throw new CommandError(
      `The key file ${path} cannot be read (${code}). Correct its permissions.`,
    );
  }
}

/** Whether others than its owner may read a file. */
export async function isOpenToOthers(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o077) !== 0;
}

/**
 * Writes a key for its owner only, over what is there.
 *
 * @throws CommandError where it cannot be written.
 */
export async function writeKeyFile(path: string, secret: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(path, `${secret}\n`, { mode: 0o600 });
    // The mode above is for a new file only.
    await chmod(path, 0o600);
  } catch (error) {
    throw notWritable(path, error);
  }
}

/**
 * Writes a key for its owner only. False where there is a file by now, which is left as it is.
 *
 * @throws CommandError where it cannot be written.
 */
export async function createKeyFile(path: string, secret: string): Promise<boolean> {
  // Under a name of its own first: another gateway that starts now would find it empty.
  const whole = join(dirname(path), `.${basename(path)}.${process.pid}.${randomUUID()}`);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeFile(whole, `${secret}\n`, { mode: 0o600, flag: 'wx' });
    await link(whole, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw notWritable(path, error);
  } finally {
    await rm(whole, { force: true }).catch(() => undefined);
  }
}

function notWritable(path: string, error: unknown): CommandError {
  const { code } = error as NodeJS.ErrnoException;
  return new CommandError(
    `The key file ${path} cannot be written (${code}). Correct its permissions.`,
  );
}
