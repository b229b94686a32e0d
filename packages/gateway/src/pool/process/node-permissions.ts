import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether NODE_OPTIONS hold a process to Node's permissions. */
export function asksForPermissions(nodeOptions: string | undefined): boolean {
  return /(^|\s)--permission(\s|$)/.test(nodeOptions ?? '');
}

/**
 * What a worker needs where `--permission` is asked for: to read itself, its packages and the module. The compiler of
 * TypeScript is an addon, which Node would warn of at each start; the worker gives the right up once it has it.
 * SQLite opens files that no permission is asked for.
 *
 * @param folders - Of the gateway and of the module; a `*` at the end stands for the files in one.
 */
export function permissionFlags(
  nodeOptions: string | undefined,
  folders: readonly string[],
): string[] {
  if (!asksForPermissions(nodeOptions)) return [];
  const asksForSqlite = /(^|\s)--experimental-sqlite(\s|$)/.test(nodeOptions ?? '');
  return [
    '--allow-addons',
    '--disable-warning=PERM0001',
    ...(asksForSqlite ? [] : ['--no-experimental-sqlite']),
    ...readablePaths(folders).map((path) => `--allow-fs-read=${path}`),
  ];
}

/** What a held worker may read of the machine: these folders and the packages on their way, by all their names. */
export function readablePaths(folders: readonly string[]): string[] {
  const readable = folders.flatMap((folder) => [folder, ...packageFolders(folder)]);
  return [...new Set(readable.flatMap((folder) => [folder, realPathOf(folder)]))];
}

/** What NODE_OPTIONS let a held worker read beside that; `*` is everything. */
export function pathsAskedFor(nodeOptions: string | undefined): string[] {
  const flags = (nodeOptions ?? '').matchAll(/(?:^|\s)--allow-fs-read[=\s]\s*(\S+)/g);
  return [...flags].flatMap(([, path]) => path ?? []);
}

/**
 * Every `node_modules` that files in a folder may import from. One in the folder itself that is a link is none: who
 * writes the folder would say what of the machine may be read.
 */
function packageFolders(folder: string): string[] {
  const own = join(folder, 'node_modules');
  const isFolder = existsSync(own) && lstatSync(own).isDirectory();
  return [...(isFolder ? [own] : []), ...packageFoldersAbove(folder)];
}

function packageFoldersAbove(folder: string): string[] {
  const parent = dirname(folder);
  if (parent === folder) return [];
  const here = join(parent, 'node_modules');
  return [...(existsSync(here) ? [here] : []), ...packageFoldersAbove(parent)];
}

function realPathOf(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : folder;
}
