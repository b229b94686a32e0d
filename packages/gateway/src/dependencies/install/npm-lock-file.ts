import { join } from 'node:path';
import { z } from 'zod';
import { readLock } from '../read-declared.ts';
import type { LockedPackages } from './install-result.ts';

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      name: z.string().optional(),
      version: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      os: z.array(z.string()).optional(),
      cpu: z.array(z.string()).optional(),
    }),
  ),
});

/** Reads npm's lock file in a folder. One that is absent or unreadable locks nothing. */
export async function readLockedPackages(folder: string): Promise<LockedPackages> {
  const text = await readLock(folder, join(folder, 'package-lock.json'));
  const entries = Object.entries(parseLock(text))
    .filter(([path]) => path.includes('node_modules/'))
    .filter(([, { os, cpu }]) => isMeant(os, process.platform) && isMeant(cpu, process.arch))
    .map(([path, { name, version, hasInstallScript }]) => ({
      locked: {
        name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
        version: version ?? 'linked',
      },
      hasInstallScript: hasInstallScript === true,
    }));
  return {
    packages: entries.map(({ locked }) => locked),
    withScripts: entries
      .filter(({ hasInstallScript }) => hasInstallScript)
      .map(({ locked }) => locked),
  };
}

/** A list names what a package is for, or with `!` what it is not for; without one it is for all. */
function isMeant(list: readonly string[] = [], value: string): boolean {
  const wanted = list.filter((one) => !one.startsWith('!'));
  return !list.includes(`!${value}`) && (wanted.length === 0 || wanted.includes(value));
}

function parseLock(text: string): z.infer<typeof lockSchema>['packages'] {
  try {
    return lockSchema.safeParse(JSON.parse(text)).data?.packages ?? {};
  } catch {
    return {};
  }
}
