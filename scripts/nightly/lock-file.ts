import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Entry = {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
};

/** A package of the workspace's lock file. */
export type LockedPackage = {
  readonly name: string;
  readonly version: string;
  readonly license: string | null;
  readonly hasIntegrity: boolean;
  /** Whether only tests and checks need it. */
  readonly isTool: boolean;
};

/** Every package that the lock file of the workspace names, of all platforms. */
export async function lockedPackages(root: string): Promise<readonly LockedPackage[]> {
  const text = await readFile(join(root, 'package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Entry>> };
  return Object.entries(packages)
    .filter(([path, entry]) => path.includes('node_modules/') && !entry.link)
    .map(([path, entry]) => ({
      name: entry.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: entry.version ?? '',
      license: entry.license ?? null,
      hasIntegrity: entry.integrity !== undefined,
      isTool: entry.dev === true,
    }));
}
