import { realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ownFolder, packageFolder } from '../../own-files.ts';

/** URL of the gateway's `package.json`; imports resolved from it reach the gateway's own packages. */
export const gatewayPackageUrl = pathToFileURL(join(packageFolder, 'package.json')).href;

/** Path of a `file:` URL, without its query; null for any other URL. */
export function pathOfUrl(url: string | undefined): string | null {
  return url?.startsWith('file:') ? fileURLToPath(url) : null;
}

/** True for a file of the author's: neither in a package nor the gateway's own. */
export function isLocalPath(path: string): boolean {
  return !path.includes(`${sep}node_modules${sep}`) && !path.startsWith(ownFolder + sep);
}

/** What is at a path; null where nothing is, or where Node's permissions hide it from this process. */
export function statsOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    return null;
  }
}

/**
 * The path with its symbolic links followed, as Node names modules. A file that is gone keeps its name below
 * the nearest folder that still exists.
 */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** The path as people know it: below the project root where it lies there. */
export function shownPath(path: string, projectRoot: string): string {
  const below = relative(projectRoot, path);
  return below === '' || below.startsWith('..') ? path : below;
}
