import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const packageFolder = join(import.meta.dirname, '../..');
const workspace = join(packageFolder, '../..');

type LockEntry = { readonly dev?: boolean; readonly link?: boolean };

/** Packs the package as it is published, into a folder, and gives the path of the archive. */
export async function packGateway(folder: string): Promise<string> {
  const args = ['pack', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: packageFolder });
  // What the build prints comes first.
  const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf('['))) as [{ filename: string }];
  return join(folder, filename);
}

/**
 * Installs an archive into a folder as its only dependency, without a network: what a registry would give lies there
 * before. npm finds what it says it needs among that or fails, and removes the rest.
 */
export async function installPacked(archive: string, folder: string): Promise<void> {
  await copyFile(archive, join(folder, 'dropgate.tgz'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
  for (const path of neededPackages()) {
    // The other `cp` takes several times as long for so many files.
    cpSync(join(workspace, path), join(folder, path), { recursive: true });
  }
  const { PATH, HOME } = process.env;
  const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
  await run('npm', ['install', ...quiet, 'dropgate.tgz'], {
    cwd: folder,
    env: { PATH, HOME },
  });
}

/** Folders of the packages that the lock file has for more than tests and checks, and that this machine needs. */
function neededPackages(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(workspace, 'package-lock.json'), 'utf8'));
  return Object.entries(packages as Record<string, LockEntry>)
    .filter(([, { dev, link }]) => !dev && !link)
    .map(([path]) => path)
    .filter((path) => /^node_modules\/(?!node-)(@[^/]+\/)?[^/]+$/.test(path))
    .filter((path) => existsSync(join(workspace, path)));
}
