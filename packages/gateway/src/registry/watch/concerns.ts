import { basename, sep } from 'node:path';
import type { CatalogEntry } from '../catalog.ts';
import { isOfAnotherTool } from '../discovery/discover-tools.ts';

/** Files that can be part of a module. What an agent writes at run time is seldom one of these. */
const sourceFile = /\.([cm]?[jt]sx?|json|py|toml)$|^\.env$|^requirements.*\.txt$/;

/**
 * Whether a module is made of one of these paths. While it serves well that is a file it was loaded from; while it
 * does not, any source file in its folder may be the mend, but for those that give other tools.
 *
 * @param changed - Absolute paths of files and folders.
 */
export function concerns(changed: ReadonlySet<string>, entry: CatalogEntry): boolean {
  if (entry.prints.some(({ path }) => changed.has(path))) return true;
  const { folder } = entry.module;
  if (changed.has(folder)) return true;
  if (entry.status === 'ready') return false;
  return changed
    .values()
    .some(
      (path) =>
        path.startsWith(folder + sep) &&
        sourceFile.test(basename(path)) &&
        !isOfAnotherTool(path, entry.module),
    );
}
