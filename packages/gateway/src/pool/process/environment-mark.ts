import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * What tells a Python's environment from the one that lay there before: the interpreter, the environment's settings
 * and the folders of its packages. A process that has imported packages is of use only as long as this stays the same.
 */
export function environmentMark(interpreter: string): string {
  const root = dirname(dirname(interpreter));
  const libraries = join(root, 'lib');
  const packages = namesIn(libraries).map((name) => join(libraries, name, 'site-packages'));
  return [interpreter, join(root, 'pyvenv.cfg'), ...packages].map(markOf).join();
}

function markOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.ino}:${stats.mtimeMs}` : '';
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('python'));
  } catch {
    return [];
  }
}
