import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fetchedFolder, fetchOnce, registrySettings, runFetching } from './fetch-once.ts';

const run = promisify(execFile);
const packageFolder = join(import.meta.dirname, '../..');
const workspaceLock = join(packageFolder, '../../package-lock.json');
const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];

type LockEntry = { readonly dev?: boolean; readonly link?: boolean };

/** Packs the package as it is published, into a folder, and gives the path of the archive. */
export async function packGateway(folder: string): Promise<string> {
  const args = ['pack', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: packageFolder });
  // What the build prints comes first.
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }];
  return join(folder, filename);
}

/** Installs an archive into a folder as its only dependency, without a network. */
export async function installPacked(archive: string, folder: string): Promise<void> {
  await copyFile(archive, join(folder, 'dropgate.tgz'));
  await writeInstallation(folder, 'file:dropgate.tgz');
  const cache = join(cacheFolder(), 'cache');
  if (!existsSync(cache)) throw new Error('The packages that dropgate needs could not be fetched.');
  const { PATH, HOME } = process.env;
  const options = { cwd: folder, env: { PATH, HOME } };
  await run('npm', ['ci', '--offline', '--cache', cache, ...quiet], options);
}

/** Fetches the packages that it needs into a cache for npm, unless they are there. */
export function fetchGatewayPackages(): Promise<void> {
  return fetchOnce(cacheFolder(), async (staging) => {
    await mkdir(staging);
    await writeInstallation(staging, null);
    const args = ['ci', '--cache', join(staging, 'cache'), '--fetch-retries=5', ...quiet];
    await runFetching('npm', args, { cwd: staging, env: registrySettings() });
    await rm(join(staging, 'node_modules'), { recursive: true });
  });
}

/** Other versions in the lock file make another cache. */
function cacheFolder(): string {
  const hash = createHash('sha256').update(JSON.stringify(lockOf(null)));
  return join(fetchedFolder, `gateway-packages-${hash.digest('hex').slice(0, 16)}`);
}

/**
 * The versions that the workspace has, as a lock file of an installation.
 *
 * @param dropgate - Where the package is; null for what it needs, without itself.
 */
function lockOf(dropgate: string | null) {
  const { packages } = JSON.parse(readFileSync(workspaceLock, 'utf8'));
  const own = packages['packages/gateway'];
  const dependencies = dropgate === null ? own.dependencies : { dropgate };
  const entries = Object.entries(packages as Record<string, LockEntry>);
  const needed = entries.filter(
    ([path, { dev, link }]) => /^node_modules\/(?!node-)/.test(path) && !dev && !link,
  );
  return {
    name: 'installation',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: 'installation', dependencies },
      ...(dropgate === null ? {} : { 'node_modules/dropgate': { ...own, resolved: dropgate } }),
      ...Object.fromEntries(needed),
    },
  };
}

async function writeInstallation(folder: string, dropgate: string | null): Promise<void> {
  const lock = lockOf(dropgate);
  const manifest = { private: true, ...lock.packages[''] };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  await writeFile(join(folder, 'package-lock.json'), JSON.stringify(lock, null, 2));
}
