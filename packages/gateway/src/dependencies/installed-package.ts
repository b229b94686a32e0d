import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import satisfies from 'semver/functions/satisfies.js';
import validRange from 'semver/ranges/valid.js';
import { DECLARATION_LIMIT_BYTES, readPlainBytes } from '../system/files.ts';
import type { WantedPackage } from './package-json.ts';

/** A copy of a package that an import would get. */
export type InstalledPackage = {
  /** Null where its `package.json` names none. */
  readonly version: string | null;
  /** Absolute folder. */
  readonly path: string;
  /** True for the copy that comes with the gateway. */
  readonly isGatewayCopy: boolean;
};

/** A wanted package and what is there for it. */
export type CheckedPackage = WantedPackage & {
  readonly state: 'ok' | 'missing' | 'wrong_version';
  readonly found: InstalledPackage | null;
};

/** Packages every module may import without installing them, as the worker's loader serves them. */
const gatewayPackages: readonly string[] = [
  '@openai/agents',
  '@openai/agents-core',
  '@openai/agents-openai',
  '@openai/agents-realtime',
  'dotenv',
  'openai',
  'zod',
];

/** True for a package that the gateway serves to modules that have no copy of their own. */
export function isServedByGateway(name: string): boolean {
  return gatewayPackages.includes(name);
}

/** Compares what a module wants with what an import from its folder would find. Never throws. */
export async function checkInstalled(
  wanted: readonly WantedPackage[],
  folder: string,
): Promise<CheckedPackage[]> {
  return Promise.all(
    wanted.map(async (one): Promise<CheckedPackage> => {
      const found = await findPackage(one.name, folder);
      if (!found) return { ...one, state: 'missing', found };
      return { ...one, state: fits(found.version, one.range) ? 'ok' : 'wrong_version', found };
    }),
  );
}

/** The copy an import from `folder` gets: the nearest `node_modules` that has it, else the gateway's. */
export async function findPackage(name: string, folder: string): Promise<InstalledPackage | null> {
  const own = await findAbove(name, await realpath(folder).catch(() => folder));
  if (own) return { ...own, isGatewayCopy: false };
  const served = isServedByGateway(name) ? await findAbove(name, import.meta.dirname) : null;
  return served && { ...served, isGatewayCopy: true };
}

/** What is no range of versions (a file, a link, a repository, an alias, a tag) asks for presence only. */
function fits(version: string | null, range: string): boolean {
  if (validRange(range, { loose: true }) === null) return true;
  return version !== null && satisfies(version, range, { loose: true });
}

async function findAbove(
  name: string,
  start: string,
): Promise<Omit<InstalledPackage, 'isGatewayCopy'> | null> {
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    const version = await versionIn(path);
    if (version !== undefined) return { version, path };
    if (folder === dirname(folder)) return null;
  }
}

/** Undefined where there is no package. */
async function versionIn(path: string): Promise<string | null | undefined> {
  // Packages may lie anywhere, such as in a store that they are linked from; of one only its version is told.
  const file = join(path, 'package.json');
  const bytes = await readPlainBytes(file, DECLARATION_LIMIT_BYTES).catch(() => null);
  if (bytes === null) return undefined;
  try {
    const { version } = JSON.parse(bytes.toString('utf8')) as { version?: unknown };
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
