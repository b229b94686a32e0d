import { lstat, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError, type LockedPackage } from '../install/install-result.ts';
import type { ProgramRun } from '../install/run-program.ts';
import type { StagedInstall, Staging } from '../install/staging.ts';
import { readLock } from '../read-declared.ts';
import { listDistributions } from './distributions.ts';
import { environmentFolder, pythonLockFile } from './environments.ts';
import { findPip, type Pip } from './pip.ts';

/** What an install makes beside a module in Python. Settings that uv would find go with it where code may run. */
export function stagedPython(scripts: 'run' | 'skip'): StagedInstall {
  return {
    packages: environmentFolder,
    lockFile: pythonLockFile,
    copied: [pythonLockFile],
    left: scripts === 'run' ? [] : ['pyproject.toml', 'uv.toml', 'setup.py', 'setup.cfg'],
  };
}

/** An environment to be made. */
export type WantedEnvironment = {
  /** Absolute path of the Python it is made with. */
  readonly base: string;
  /** What pip is asked for: `-r`, a file's name, and requirements. */
  readonly wanted: readonly string[];
  /** Versions to keep to, where a lock file still fits. */
  readonly keepsLock: boolean;
  readonly scripts: 'run' | 'skip';
  /** Absolute folder that the environment goes to in the end. */
  readonly target: string;
};

/** Nothing imports these once the environment is made. */
const installers = '/site-packages/(pip|setuptools)/';

const lockHead =
  '# Every package in the .venv beside this file, as `dropgate deps install` left it.\n';

type InstallerRun = Omit<ProgramRun, 'folder' | 'onStart'>;

/**
 * Makes an environment in a staging folder and installs into it, with uv where there is one, else with venv and pip.
 * It is ready to be moved to `target` afterwards; the lock file lies beside it.
 *
 * @throws InstallError `python_install_failed`, `timed_out` or `interrupted`.
 */
export async function makeEnvironment(
  staging: Staging,
  { base, wanted, keepsLock, scripts, target }: WantedEnvironment,
  run: InstallerRun,
): Promise<readonly LockedPackage[]> {
  const pip = await pipIn(staging, { base, scripts }, run);
  await pip.makeEnvironment();
  await pip.install(keepingLock(wanted, keepsLock));
  // Workers write no bytecode, so it has to be there, and to name the place where the files will lie.
  const from = join(staging.folder, environmentFolder);
  const to = join(target, environmentFolder);
  const places = ['-s', from, '-p', to, join(from, 'lib')];
  await pip
    .runPython('-m', 'compileall', '-q', '-x', installers, ...places)
    .catch(rethrowUnlessFailed);
  await moveEnvironment(from, to);
  const packages = await installedIn(from);
  const lines = packages.map(({ name, version }) => `${name}==${version}`);
  await writeFile(join(staging.folder, pythonLockFile), `${lockHead}${lines.join('\n')}\n`);
  return packages;
}

/**
 * Says what the same install would bring, without it.
 *
 * @throws InstallError as `makeEnvironment`.
 */
export async function resolveEnvironment(
  staging: Staging,
  { base, wanted, keepsLock, scripts }: WantedEnvironment,
  run: InstallerRun,
): Promise<readonly LockedPackage[]> {
  const pip = await pipIn(staging, { base, scripts }, run);
  return pip.resolve(keepingLock(wanted, keepsLock));
}

function pipIn(
  staging: Staging,
  { base, scripts }: Pick<WantedEnvironment, 'base' | 'scripts'>,
  run: InstallerRun,
): Promise<Pip> {
  const here = { ...run, folder: staging.folder, onStart: staging.recordGroup };
  return findPip(base, scripts, here);
}

function keepingLock(wanted: readonly string[], keepsLock: boolean): readonly string[] {
  return keepsLock ? [...wanted, '-c', pythonLockFile] : wanted;
}

/** A package may hold files of another Python, which do not compile and are never imported. */
function rethrowUnlessFailed(error: unknown): void {
  if (!(error instanceof InstallError) || error.code !== 'python_install_failed') throw error;
}

/** Longer than any script that an installer writes. */
const SCRIPT_LIMIT_BYTES = 256 * 1024;

/**
 * Makes the scripts of a virtual environment name the place it is about to be moved to. Its packages and its Python
 * find each other by themselves.
 */
async function moveEnvironment(from: string, to: string): Promise<void> {
  const bin = join(from, 'bin');
  for (const name of await readdir(bin)) {
    const path = join(bin, name);
    const stats = await lstat(path);
    if (!stats.isFile() || stats.size > SCRIPT_LIMIT_BYTES) continue;
    const bytes = await readFile(path);
    if (bytes.includes(0)) continue;
    const text = bytes.toString('utf8');
    if (text.includes(from)) await writeFile(path, text.replaceAll(from, to));
  }
}

/** As their metadata says: to ask the environment's Python would run what its packages hold. */
async function installedIn(place: string): Promise<LockedPackage[]> {
  const library = join(place, 'lib');
  const packageFolders = (await readdir(library)).map((name) =>
    join(library, name, 'site-packages'),
  );
  return [...(await listDistributions({ packageFolders }))]
    .filter(([name]) => !ownInstallers.includes(name))
    .map(([name, { version }]) => ({ name, version }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What an environment may have for its own installs. */
const ownInstallers = ['pip', 'setuptools', 'wheel'];

/** Packages that a lock file names; what came from a path or an address is left out. */
export async function readPythonLock(folder: string): Promise<readonly LockedPackage[]> {
  return lockedIn(await readLock(folder, join(folder, pythonLockFile)));
}

function lockedIn(text: string): LockedPackage[] {
  return text.split('\n').flatMap((line) => {
    const [, name, version, place] = /^([\w.-]+)(?:==(\S+)| @ (\S+))$/.exec(line.trim()) ?? [];
    if (!name) return [];
    return [{ name, version: version ?? versionInFile(place ?? '') }];
  });
}

function versionInFile(place: string): string {
  return /-(\d[\w.!+]*?)(?:-[^/]*)?\.(?:whl|tar\.gz|zip)/.exec(place)?.[1] ?? 'linked';
}
