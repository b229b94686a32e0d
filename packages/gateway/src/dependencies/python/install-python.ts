import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError } from '../install/install-error.ts';
import type { LockedPackage } from '../install/lock-file.ts';
import type { ProgramRun } from '../install/run-program.ts';
import type { StagedInstall, Staging } from '../install/staging.ts';
import { environmentFolder, pythonLockFile } from './environments.ts';
import { createPythonInstaller, type PythonInstaller } from './installer.ts';
import { moveEnvironment } from './move-environment.ts';

/** What an install makes beside a module in Python. */
export const stagedPython: StagedInstall = {
  packages: environmentFolder,
  lockFile: pythonLockFile,
  copied: [pythonLockFile],
};

/** An environment to be made. */
export type PythonInstall = {
  /** Absolute path of the Python it is made with. */
  readonly base: string;
  /** What pip is asked for: `-r`, a file's name, and requirements. */
  readonly wanted: readonly string[];
  /** Versions to keep to, where a lock file still fits. */
  readonly keepsLock: boolean;
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
export async function installPython(
  staging: Staging,
  { base, wanted, keepsLock, target }: PythonInstall,
  run: InstallerRun,
): Promise<readonly LockedPackage[]> {
  const installer = await installerIn(staging, base, run);
  await installer.makeEnvironment();
  await installer.install(keepingLock(wanted, keepsLock));
  const frozen = await installer.freeze();
  // Workers write no bytecode, so it has to be there, and to name the place where the files will lie.
  const from = join(staging.folder, environmentFolder);
  const to = join(target, environmentFolder);
  const places = ['-s', from, '-p', to, join(from, 'lib')];
  await installer
    .runPython('-m', 'compileall', '-q', '-x', installers, ...places)
    .catch(rethrowUnlessFailed);
  await moveEnvironment(from, to);
  const packages = lockedIn(frozen);
  const lines = packages.map(({ name, version }) => `${name}==${version}`);
  await writeFile(join(staging.folder, pythonLockFile), `${lockHead}${lines.join('\n')}\n`);
  return packages;
}

/**
 * Says what the same install would bring, without it.
 *
 * @throws InstallError as `installPython`.
 */
export async function resolvePython(
  staging: Staging,
  { base, wanted, keepsLock }: PythonInstall,
  run: InstallerRun,
): Promise<readonly LockedPackage[]> {
  const installer = await installerIn(staging, base, run);
  return installer.resolve(keepingLock(wanted, keepsLock));
}

function installerIn(staging: Staging, base: string, run: InstallerRun): Promise<PythonInstaller> {
  const here = { ...run, folder: staging.folder, onStart: staging.recordGroup };
  return createPythonInstaller(base, here);
}

function keepingLock(wanted: readonly string[], keepsLock: boolean): readonly string[] {
  return keepsLock ? [...wanted, '-c', pythonLockFile] : wanted;
}

/** A package may hold files of another Python, which do not compile and are never imported. */
function rethrowUnlessFailed(error: unknown): void {
  if (!(error instanceof InstallError) || error.code !== 'python_install_failed') throw error;
}

/** Packages that a lock file names; what came from a path or an address is left out. */
export async function readPythonLock(folder: string): Promise<readonly LockedPackage[]> {
  return lockedIn(await readFile(join(folder, pythonLockFile), 'utf8').catch(() => ''));
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
