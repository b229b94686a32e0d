import { access, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { InstallError } from './install-error.ts';
import type { LockedPackage } from './install-lock-file.ts';
import { type InstallEnvironment, type ProgramRun, runProgram } from './install-process.ts';
import type { StagedInstall, Staging } from './install-staging.ts';
import { moveEnvironment } from './move-environment.ts';
import { environmentFolder, pythonLockFile } from './python-environments.ts';

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

/**
 * Makes an environment in a staging folder and installs into it, with uv where there is one, else with venv and pip.
 * It is ready to be moved to `target` afterwards; the lock file lies beside it.
 *
 * @throws InstallError `python_install_failed`, `timed_out` or `interrupted`.
 */
export async function installPython(
  staging: Staging,
  install: PythonInstall,
  run: Omit<ProgramRun, 'folder' | 'onStart'>,
): Promise<readonly LockedPackage[]> {
  const here = { ...run, folder: staging.folder, onStart: staging.recordGroup };
  const call = (program: string, ...args: string[]) =>
    runProgram({ file: program, args }, here, {
      name: program === uv ? 'uv' : 'pip',
      explain: installFailed,
      notStarted: (cause) =>
        new InstallError('python_missing', `${program} could not be started.`, {
          cause,
          hint: 'Install Python 3.10 or newer, or name one with GATEWAY_PYTHON.',
        }),
    });
  const uv = await findUv(run.environment);
  const python = join(staging.folder, environmentFolder, 'bin', 'python');
  const wanted = [...install.wanted, ...(install.keepsLock ? ['-c', pythonLockFile] : [])];
  let frozen: string;
  if (uv) {
    await call(uv, 'venv', '--quiet', '--python', install.base, environmentFolder);
    await call(uv, 'pip', 'install', '--quiet', '--python', python, ...wanted);
    frozen = await call(uv, 'pip', 'freeze', '--quiet', '--python', python);
  } else {
    await call(install.base, '-m', 'venv', environmentFolder);
    const quiet = ['--quiet', '--no-input', '--disable-pip-version-check'];
    await call(python, '-m', 'pip', 'install', ...quiet, '--no-compile', ...wanted);
    frozen = await call(python, '-m', 'pip', 'freeze', ...quiet);
  }
  // Workers write no bytecode, so it has to be there, and to name the place where the files will lie.
  const from = join(staging.folder, environmentFolder);
  const to = join(install.target, environmentFolder);
  await call(
    python,
    '-m',
    'compileall',
    '-q',
    '-x',
    installers,
    '-s',
    from,
    '-p',
    to,
    join(from, 'lib'),
  ).catch(rethrowUnlessFailed);
  await moveEnvironment(from, to);
  const packages = lockedIn(frozen);
  const lines = packages.map(({ name, version }) => `${name}==${version}`);
  await writeFile(join(staging.folder, pythonLockFile), `${lockHead}${lines.join('\n')}\n`);
  return packages;
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

async function findUv({ PATH = '' }: InstallEnvironment): Promise<string | null> {
  for (const folder of PATH.split(delimiter).filter((one) => one !== '')) {
    const program = join(folder, 'uv');
    const isThere = await access(program).then(
      () => true,
      () => false,
    );
    if (isThere) return program;
  }
  return null;
}

/** The line that says why, of all that pip or uv printed. */
function installFailed(output: string): InstallError {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const known = reasons.find(({ pattern }) => pattern.test(output));
  const said =
    lines.find((line) => /^\s*ERROR: (?!subprocess|Exception)/.test(line)) ??
    lines.find((line) => /^\s*(?:×|error:)/.test(line)) ??
    lines.findLast((line) => line !== '');
  const reason = said?.replace(/^\s*(?:ERROR:|error:|×)\s*/, '') ?? 'it gave no reason';
  return new InstallError(
    'python_install_failed',
    `The packages could not be installed: ${reason}`,
    {
      output: lines
        .filter((line) => line !== '')
        .slice(-20)
        .join('\n'),
      hint: known?.hint ?? 'Correct what is named above, then run the command again.',
    },
  );
}

const reasons = [
  {
    pattern: /ensurepip is not available|No module named (?:venv|ensurepip|pip)/,
    hint: 'This Python cannot make environments. Install its venv package (Debian: apt install python3-venv) or uv.',
  },
  {
    pattern: /conflicting dependencies|No solution found/,
    hint: 'Change the versions in the requirements so that they fit together.',
  },
  {
    pattern: /Could not find a version|No matching distribution|was not found in the package/,
    hint: 'Correct the name or version in the requirements to one that exists.',
  },
  {
    pattern: /Failed building wheel|Failed to build|metadata-generation-failed/i,
    hint: 'The package has to be built here and that failed. Ask for a version that comes as a wheel, or install what its build needs.',
  },
  {
    pattern: /Temporary failure in name resolution|Connection refused|Network is unreachable/,
    hint: 'See whether the package index can be reached, then run the command again.',
  },
];
