import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchedFolder, fetchOnce, registrySettings, runFetching } from './fetch-once.ts';

const moduleFolder = join(import.meta.dirname, '../fixtures/modules/OldSdk');
const files = ['package.json', 'package-lock.json'];

/** Where they were fetched to; another lock file makes another folder. */
function folder(): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(join(moduleFolder, file)));
  return join(fetchedFolder, `old-sdk-${hash.digest('hex').slice(0, 16)}`);
}

/** Folder with the packages that the module `OldSdk` declares, in the versions of its lock file. */
export function oldPackages(): string {
  const packages = join(folder(), 'node_modules');
  if (!existsSync(packages)) throw new Error('The packages of OldSdk could not be fetched.');
  return packages;
}

/** Fetches them, unless they are there. */
export function fetchOldPackages(): Promise<void> {
  return fetchOnce(folder(), async (staging) => {
    await mkdir(staging);
    for (const file of files) await copyFile(join(moduleFolder, file), join(staging, file));
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=5'];
    await runFetching('npm', ['ci', '--prefix', staging, '--prefer-offline', ...quiet], {
      cwd: staging,
      env: registrySettings(),
    });
  });
}
