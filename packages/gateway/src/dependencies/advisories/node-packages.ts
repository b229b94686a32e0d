import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import minVersion from 'semver/ranges/min-version.js';
import { z } from 'zod';
import { DECLARATION_LIMIT_BYTES, readPlainBytes } from '../../system/files.ts';
import { isServedByGateway } from '../installed-package.ts';
import type { PackageInUse, PackagesOf, UnknownVersion } from './package-in-use.ts';

/** More than any installation has; what lies beyond is in no use. */
const MAX_PACKAGES = 20_000;

const manifestSchema = z.looseObject({
  name: z.string().optional(),
  version: z.string().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

type Manifest = z.infer<typeof manifestSchema>;

/**
 * Every package that imports from a folder could reach: what its `package.json` declares, what that needs, and so on,
 * each as Node finds it. Never throws; runs nothing.
 */
export async function nodePackages(owner: string, folder: string): Promise<PackagesOf> {
  const packages: PackageInUse[] = [];
  const unknown: UnknownVersion[] = [];
  const start = await realpath(folder).catch(() => folder);
  const seen = new Set<string>([start]);
  const waiting = [{ place: start, isOwn: true }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const manifest = await readManifest(next.place);
    for (const [name, range] of Object.entries(declaredIn(manifest))) {
      const place = await findAbove(name, next.place);
      if (place === null) {
        // What a package of others lacks is optional, or for another machine.
        if (!next.isOwn || isServedByGateway(name)) continue;
        const lowest = lowestOf(range);
        if (lowest === null) unknown.push({ name, wanted: range });
        else packages.push({ ecosystem: 'npm', name, version: lowest, isInstalled: false });
        continue;
      }
      if (seen.has(place) || seen.size > MAX_PACKAGES) continue;
      seen.add(place);
      waiting.push({ place, isOwn: false });
      const installed = await readManifest(place);
      if (installed?.version === undefined) continue;
      // An alias is told by its own name.
      const real = installed.name ?? name;
      packages.push({
        ecosystem: 'npm',
        name: real,
        version: installed.version,
        isInstalled: true,
      });
    }
  }
  return { owner, packages, unknown };
}

function declaredIn(manifest: Manifest | null): Readonly<Record<string, string>> {
  return { ...manifest?.optionalDependencies, ...manifest?.dependencies };
}

function lowestOf(range: string): string | null {
  try {
    return minVersion(range, { loose: true })?.version ?? null;
  } catch {
    // A tag, a path or an address.
    return null;
  }
}

async function findAbove(name: string, start: string): Promise<string | null> {
  for (let folder = start; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name);
    if (await readManifest(place)) return realpath(place).catch(() => place);
    if (folder === dirname(folder)) return null;
  }
}

async function readManifest(folder: string): Promise<Manifest | null> {
  const file = join(folder, 'package.json');
  const bytes = await readPlainBytes(file, DECLARATION_LIMIT_BYTES).catch(() => null);
  if (bytes === null) return null;
  try {
    return manifestSchema.safeParse(JSON.parse(bytes.toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
