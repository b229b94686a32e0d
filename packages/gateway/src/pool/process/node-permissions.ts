import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Whether NODE_OPTIONS hold a process to Node's permissions. */
export function asksForPermissions(nodeOptions: string | undefined): boolean {
  return /(^|\s)--permission(\s|$)/.test(nodeOptions ?? '');
}

/**
 * What a worker needs where `--permission` is asked for: to read itself, its packages and the module. The compiler of
 * TypeScript is an addon, which Node would warn of at each start.
 *
 * @param folders - Of the gateway and of the module; a `*` at the end stands for the files in one.
 */
export function permissionFlags(
  nodeOptions: string | undefined,
  folders: readonly string[],
): string[] {
  if (!asksForPermissions(nodeOptions)) return [];
  const readable = folders.flatMap((folder) => [folder, ...packageFolders(folder)]);
  const resolved = readable.flatMap((folder) => [folder, realPathOf(folder)]);
  const addons = ['--allow-addons', '--disable-warning=PERM0001'];
  const mayRead = [...new Set(resolved)].map((path) => `--allow-fs-read=${path}`);
  return [...addons, ...mayRead];
}

/** Every `node_modules` that files in a folder may import from. */
function packageFolders(folder: string): string[] {
  const parent = dirname(folder);
  const here = join(folder, 'node_modules');
  return [
    ...(existsSync(here) ? [here] : []),
    ...(parent === folder ? [] : packageFolders(parent)),
  ];
}

function realPathOf(folder: string): string {
  return existsSync(folder) ? realpathSync(folder) : folder;
}
