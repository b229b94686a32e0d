import { readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { isAlias, isOwnName } from '../../../protocol/local-names.ts';
import { statsOf } from '../../load/local-files.ts';
import { filesFor, packageName } from '../../load/resolve-import.ts';
import { fieldsOf } from '../../sdk.ts';
import type { FailureContext } from '../failure-context.ts';

/** Where an import that found nothing is written. */
export type FailedSpecifier = { readonly specifier: string; readonly importer: string };

/**
 * What to do about an import of the author's own code by a name that is no path; null for what may be a package. A
 * stranger's package of that name would be run in its place, so none is named.
 */
export function localImportHint(
  { specifier, importer }: FailedSpecifier,
  { load, projectRoot }: Pick<FailureContext, 'load' | 'projectRoot'>,
): string | null {
  const rest = isAlias(specifier) ? specifier.replace(/^(?:[@~]\/|[#$]\/?)/, '') : specifier;
  const found = findAbove(rest, { from: dirname(importer), projectRoot });
  const entry = basename(load.entry);
  if (found === null && isOwnName(specifier)) {
    return `Copy the file it means beside ${entry}, and import \`./${basename(rest)}\`.`;
  }
  if (found === null) return null;
  const path = pathFrom(dirname(importer), join(found, rest));
  if (!isAlias(specifier)) return `Write the path: \`${path}\`.`;
  const target = pathFrom(load.folder, found);
  const pattern = specifier.slice(0, specifier.length - rest.length);
  return `Write the path, \`${path}\`, or put a tsconfig.json beside ${entry}: \`{ "compilerOptions": { "paths": { "${pattern}*": ["${target}/*"] } } }\`.`;
}

/** What to do about a path that leads to nothing. */
export function missingFileHint(
  { specifier }: FailedSpecifier,
  { load }: Pick<FailureContext, 'load'>,
): string {
  return specifier.startsWith('../')
    ? `Correct the path, or copy the file beside ${basename(load.entry)} and import \`./${basename(specifier)}\`.`
    : 'Correct the path, or add the file. Paths are relative to the importing file.';
}

/** True where a package of that name is installed for the importer, whatever of it is missing. */
export function isInstalled(specifier: string, importer: string): boolean {
  const name = packageName(specifier);
  for (let folder = dirname(importer); ; folder = dirname(folder)) {
    if (statsOf(join(folder, 'node_modules', name))) return true;
    if (folder === dirname(folder)) return false;
  }
}

/** True where the package that imports a name leaves it to its users to install it. */
export function isPeer(specifier: string, importer: string): boolean {
  for (let folder = dirname(importer); folder !== dirname(folder); folder = dirname(folder)) {
    const declared = peersIn(join(folder, 'package.json'));
    if (declared) return packageName(specifier) in declared;
  }
  return false;
}

/** Null where there is no `package.json` that names a package. */
function peersIn(path: string): Readonly<Record<string, unknown>> | null {
  try {
    const { name, peerDependencies } = fieldsOf(JSON.parse(readFileSync(path, 'utf8')));
    return typeof name === 'string' ? fieldsOf(peerDependencies) : null;
  } catch {
    return null;
  }
}

/** The nearest folder, or its `src`, up to the project's, from which the path leads to a file of the author's. */
function findAbove(
  path: string,
  { from, projectRoot }: { readonly from: string; readonly projectRoot: string },
): string | null {
  for (let folder = from; folder.startsWith(projectRoot); folder = dirname(folder)) {
    const roots = [folder, join(folder, 'src')];
    const root = roots.find((each) =>
      filesFor(join(each, path)).some((one) => statsOf(one)?.isFile()),
    );
    if (root !== undefined) return root;
    if (folder === dirname(folder)) return null;
  }
  return null;
}

function pathFrom(folder: string, path: string): string {
  const below = relative(folder, path) || '.';
  return below.startsWith('.') ? below : `./${below}`;
}
