import { realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

/** Whether a path matters; asked once with the path alone and once more with its stats (links not followed). */
export type IsWatched = (path: string, stats?: Stats) => boolean;

const dependencyMark = join('node_modules', '.package-lock.json');

/**
 * What is watched below the roots: all but hidden files and folders, folders that begin with `_`, `__pycache__`,
 * and links to folders that leave the root or come back to where they lie. `.env` is watched, and of `node_modules`
 * the one file that npm writes at the end of an install.
 */
export function createRootPaths(roots: readonly string[]): IsWatched {
  return (path, stats) =>
    roots.some((root) => {
      if (path === root) return true;
      if (!path.startsWith(root + sep)) return false;
      const below = path.slice(root.length + 1);
      return isWatchedBelow(below, stats) && !isStray(path, root, stats);
    });
}

function isWatchedBelow(below: string, stats: Stats | undefined): boolean {
  const dependencies = below.indexOf('node_modules');
  if (isSegment(below, dependencies, 'node_modules')) {
    const inside = below.slice(dependencies);
    return inside === 'node_modules' || inside === dependencyMark;
  }
  const parts = below.split(sep);
  const name = parts.pop() ?? '';
  if (parts.some(isSkippedFolder)) return false;
  if (stats?.isDirectory()) return !isSkippedFolder(name);
  return !name.startsWith('.') || name === '.env';
}

function isSegment(path: string, at: number, name: string): boolean {
  const [before, after] = [path[at - 1], path[at + name.length]];
  return at >= 0 && (before ?? sep) === sep && (after ?? sep) === sep;
}

function isSkippedFolder(name: string): boolean {
  return /^[._]/.test(name) || name === '__pycache__';
}

/** A link is followed by what it leads to, not by its own place. One to a file may lead anywhere. */
function isStray(path: string, root: string, stats: Stats | undefined): boolean {
  if (!stats?.isSymbolicLink()) return false;
  try {
    const target = realpathSync(path);
    if (!statSync(target).isDirectory()) return false;
    const leaves = !target.startsWith(join(realpathSync(root), sep));
    const place = realpathSync(dirname(path));
    return leaves || place === target || place.startsWith(join(target, sep));
  } catch {
    // It leads nowhere, or in circles: there is nothing to follow until it is made anew.
    return true;
  }
}

/** Folders that are never meant by the name of one above them: packages, a repository's own, the gateway's state. */
function isOthers(name: string): boolean {
  return ['node_modules', '.git', '.venv', '.dropgate'].includes(name);
}

/** Single files (or folders, with all in them) wherever they lie; a set that changes. */
export type ExtraPaths = {
  readonly isWatched: IsWatched;
  /** Replaces the set, and gives back what is new in it. */
  readonly replace: (paths: Iterable<string>) => string[];
  /** Whether a change of this path is to be reported. */
  readonly has: (path: string) => boolean;
};

export function createExtraPaths(): ExtraPaths {
  let paths = new Set<string>();
  let above = new Set<string>();
  const has = (path: string): boolean => {
    for (let each = path; ; each = dirname(each)) {
      if (paths.has(each)) return true;
      if (each === dirname(each) || isOthers(basename(each))) return false;
    }
  };
  return {
    has,
    isWatched: (path) => above.has(path) || has(path),
    replace(next) {
      const before = paths;
      paths = new Set(next);
      above = new Set([...paths].flatMap(foldersAbove));
      return [...paths].filter((path) => !before.has(path));
    },
  };
}

function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === path ? [] : [folder, ...foldersAbove(folder)];
}
