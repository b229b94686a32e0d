import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

let known: string | undefined;

/** Absolute path of the Python that `python3` starts here. Asked once: a version manager takes its time to answer. */
export function pythonInPath(): string {
  const script = 'import sys; print(sys.executable)';
  known ??= execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim();
  return known;
}

/** PATH of this machine without the folders that have a program: a Python in one of them is to be named by its path. */
export function pathWithout(program: string): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((folder) => !existsSync(join(folder, program))).join(delimiter);
}
