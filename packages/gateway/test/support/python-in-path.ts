import { execFileSync } from 'node:child_process';

/** Absolute path of the Python that `python3` starts here. */
export function pythonInPath(): string {
  const script = 'import sys; print(sys.executable)';
  return execFileSync('python3', ['-c', script], { encoding: 'utf8' }).trim();
}
