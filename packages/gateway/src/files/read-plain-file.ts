import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * The text of a file. A pipe or device, which might never end, is none.
 *
 * @throws what `fs` throws, with its `code`; of a pipe or device that is `NOTFILE`.
 */
export async function readPlainFile(path: string): Promise<string> {
  // Without waiting: to open a pipe would last until somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    if (stats.isFile()) return await file.readFile('utf8');
    const code = stats.isDirectory() ? 'EISDIR' : 'NOTFILE';
    throw Object.assign(new Error(`${path} is not a file.`), { code });
  } finally {
    await file.close();
  }
}
