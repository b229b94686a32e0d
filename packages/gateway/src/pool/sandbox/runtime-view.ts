import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Runtime } from '../process/runtimes.ts';
import type { Mount } from './mounts.ts';

/** What an installation of Python is made of; what else lies in its folder, which may be somebody's home, is not shown. */
const partsOfPython = ['bin', 'lib', 'lib64', 'pyvenv.cfg'];

/** The program that runs a worker, and what belongs to it. */
export function runtimeView(runtime: Runtime): Mount[] {
  if (runtime.language === 'node') return byAllNames(process.execPath);
  const { interpreter } = runtime;
  const roots = new Set(
    [interpreter, realPathOf(interpreter)].map((file) => dirname(dirname(file))),
  );
  return [...roots].flatMap((root) =>
    partsOfPython.flatMap((part) => byAllNames(join(root, part))),
  );
}

/** A path, and what it leads to where it has a link in it. */
export function byAllNames(path: string): Mount[] {
  return [...new Set([path, realPathOf(path)])].map((name) => ({ type: 'read', path: name }));
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
