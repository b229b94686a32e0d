import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import type { Runtime } from '../process/runtimes.ts';
import type { Mount } from './mounts.ts';

/** What an installation of Python is made of; what else lies in its folder, which may be somebody's home, is not shown. */
const partsOfPython = ['bin', 'lib', 'lib64', 'pyvenv.cfg'];

/** More links than a system follows. */
const MAX_LINKS = 40;

/**
 * The program that runs a worker, and what belongs to it. An environment in the module's own folder is seen there: where
 * its parts are links that lead out, they would show what the module's author likes.
 */
export function runtimeView(runtime: Runtime, moduleFolder: string): Mount[] {
  if (runtime.language === 'node') return byAllNames(process.execPath);
  const { interpreter } = runtime;
  const roots = [...linksFrom(interpreter), realPathOf(interpreter)]
    .map(rootOf)
    .filter((root) => !root.startsWith(moduleFolder + sep));
  return [...new Set(roots)].flatMap((root) =>
    partsOfPython.flatMap((part) => byAllNames(join(root, part))),
  );
}

/** A path, and what it leads to where it has a link in it. */
export function byAllNames(path: string): Mount[] {
  return [...new Set([path, realPathOf(path)])].map((name) => ({ type: 'read', path: name }));
}

/** A program, and each one that it is a link to in turn: an environment names the installation it was made from. */
function linksFrom(program: string, hops = 0): string[] {
  try {
    const next = resolve(dirname(program), readlinkSync(program));
    return hops < MAX_LINKS ? [program, ...linksFrom(next, hops + 1)] : [program];
  } catch {
    return [program];
  }
}

/** Of `<root>/bin/python`. */
function rootOf(program: string): string {
  return dirname(dirname(program));
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
