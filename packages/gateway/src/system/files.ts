import { constants } from 'node:fs';
import { access, open } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/**
 * The text of a file. A pipe or device, which might never end, is none.
 *
 * @throws what `fs` throws, with its `code`; of a pipe or device that is `NOTFILE`.
 */
export async function readPlainText(path: string): Promise<string> {
  return (await readPlainBytes(path)).toString('utf8');
}

/**
 * The bytes of a file, up to a limit.
 *
 * @throws as `readPlainText`; of a file beyond the limit the code is `TOO_LARGE`.
 */
export async function readPlainBytes(
  path: string,
  limitBytes = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  // Without waiting: to open a pipe would last until somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw unread(path, 'is not a file', notFileCode(stats.isDirectory()));
    if (stats.size > limitBytes) throw unread(path, 'is too large', 'TOO_LARGE');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function notFileCode(isFolder: boolean): string {
  return isFolder ? 'EISDIR' : 'NOTFILE';
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

/** Absolute path of a program in PATH; null where there is none. */
export async function findProgram(name: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter((one) => one !== '')) {
    const program = join(folder, name);
    if (await exists(program)) return program;
  }
  return null;
}
