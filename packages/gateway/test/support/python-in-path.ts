import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Absolute path of the Python that `python3` starts here. */
export function pythonInPath(): string {
  const script = 'import sys; print(sys.executable)';
  return execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim();
}

/** PATH of this machine without the folders that have a program: a Python in one of them is to be named by its path. */
export function pathWithout(program: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((folder) => !existsSync(join(folder, program))).join(delimiter);
}
