import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consoleFolder, consoleSources, packageFolder } from '../own-files.ts';

/** What this package says of itself: its version, and the versions of what it brings. */
export type OwnPackage = {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
};

/** Reads the `package.json` of this package. */
export function readOwnPackage(): OwnPackage {
  const text = readFileSync(join(packageFolder, 'package.json'), 'utf8');
  return JSON.parse(text) as OwnPackage;
}

/** Where the built files of the console lie, and in a clone its sources and what builds them. Paths are absolute. */
export function consolePaths(): {
  readonly folder: string;
  readonly sources: { readonly folder: string; readonly script: string } | null;
} {
  return { folder: consoleFolder, sources: consoleSources };
}

/** The file that starts the command, absolute. */
export function launcherPath(): string {
  return join(packageFolder, 'bin/dropgate.cjs');
}
