import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PythonFacts } from './probe.ts';

/** A distribution as installed. `path` is its folder of metadata; absolute. */
export type Distribution = { readonly version: string; readonly path: string };

const metadataFolder = /^(.+?)-([^-]+)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$/;

/** A distribution's name as all spellings of it share it: `Foo.Bar_baz` is `foo-bar-baz`. */
export function normalName(name: string): string {
  return name.replaceAll(/[-_.]+/g, '-').toLowerCase();
}

/** Every distribution a Python would import from, by normal name. Runs nothing; a folder that cannot be read has none. */
export async function listDistributions({
  packageFolders,
}: Pick<PythonFacts, 'packageFolders'>): Promise<ReadonlyMap<string, Distribution>> {
  const found = new Map<string, Distribution>();
  for (const folder of packageFolders) {
    for (const entry of await readdir(folder).catch(() => [])) {
      const [, name, version] = metadataFolder.exec(entry) ?? [];
      if (!name || !version) continue;
      const normal = normalName(name);
      // The first in the path is what an import gets.
      if (!found.has(normal)) found.set(normal, { version, path: join(folder, entry) });
    }
  }
  return found;
}

/** One distribution, or null where it is not installed. */
export async function findDistribution(
  name: string,
  facts: Pick<PythonFacts, 'packageFolders'>,
): Promise<Distribution | null> {
  return (await listDistributions(facts)).get(normalName(name)) ?? null;
}
