import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { InstallError, type LockedPackage } from '../install/install-result.ts';
import { type ProgramRun, runProgram } from '../install/run-program.ts';
import { findUv } from './choose-installer.ts';
import { environmentFolder } from './environments.ts';

/**
 * What makes an environment in the folder it works in: uv where there is one, else pip. Each function throws
 * InstallError `python_install_failed`, `python_missing`, `timed_out` or `interrupted`.
 */
export type Pip = {
  /** Makes the environment, empty. */
  readonly makeEnvironment: () => Promise<void>;
  /** Installs into it what is wanted, as arguments of `pip install`. */
  readonly install: (wanted: readonly string[]) => Promise<void>;
  /** What an install would bring into an environment that is empty; installs nothing. */
  readonly resolve: (wanted: readonly string[]) => Promise<readonly LockedPackage[]>;
  /** Runs the Python that environments are made with; that of this one would run what its packages hold. */
  readonly runPython: (...args: string[]) => Promise<void>;
};

/** First version of pip that works on an environment it is not in. */
const LENDING_PIP = [22, 3] as const;

/** What `pip --version` says first, in a fifth of its time. */
const pipVersion = 'from importlib.metadata import version; print("pip", version("pip"))';

const quiet = ['--quiet', '--no-input', '--disable-pip-version-check'];

/**
 * Finds what there is to install with.
 *
 * @param base - Absolute path of the Python that environments are made with.
 * @param scripts - `skip` takes wheels alone: whatever else there is runs code to be installed, or to be looked at.
 */
export async function findPip(
  base: string,
  scripts: 'run' | 'skip',
  run: ProgramRun,
): Promise<Pip> {
  const python = join(run.folder, environmentFolder, 'bin', 'python');
  const uv = await findUv(run.environment);
  const kinds = scripts === 'skip' ? ['--only-binary', ':all:'] : [];
  if (uv) return withUv({ base, uv, python, run, kinds });
  const version = await call(base, ['-I', '-c', pipVersion], run).catch(() => '');
  return withPip({ base, python, run, kinds, canLend: canLend(version) });
}

type Parts = {
  readonly base: string;
  readonly python: string;
  readonly run: ProgramRun;
  readonly kinds: readonly string[];
};

/** Runs a module of Python's, and not a file of that name where it works. */
const isolated = ['-I', '-m'];

function withUv({ base, uv, python, run, kinds }: Parts & { readonly uv: string }): Pip {
  const pip = (command: string, ...args: string[]) =>
    call(uv, ['pip', command, '--python', python, ...args], run);
  const makeEnvironment = async () => {
    await call(uv, ['venv', '--quiet', '--python', base, environmentFolder], run);
  };
  return {
    makeEnvironment,
    install: async (wanted) => void (await pip('install', '--quiet', ...kinds, ...wanted)),
    async resolve(wanted) {
      await makeEnvironment();
      const said = await pip('install', '--dry-run', '--color', 'never', ...kinds, ...wanted);
      const added = said.matchAll(/^\s*\+ ([\w.-]+)(?:==(\S+)| .*)$/gm);
      return [...added].map(([, name = '', version = 'linked']) => ({ name, version }));
    },
    runPython: async (...args) => void (await call(base, ['-I', ...args], run)),
  };
}

/** A pip that can work on other environments is lent: to give each its own takes seconds and is of no use afterwards. */
function withPip({
  base,
  python,
  run,
  kinds,
  canLend,
}: Parts & { readonly canLend: boolean }): Pip {
  const own = canLend ? [] : [python];
  const makeEnvironment = async () => {
    const flags = canLend ? ['--without-pip'] : [];
    await call(base, [...isolated, 'venv', ...flags, environmentFolder], run);
  };
  const pip = ([command = '', ...args]: readonly string[], lent: readonly string[]) =>
    call(
      own[0] ?? base,
      [...isolated, 'pip', ...(canLend ? lent : []), command, ...quiet, ...args],
      run,
    );
  const forEnvironment = ['--python', python];
  return {
    makeEnvironment,
    install: async (wanted) =>
      void (await pip(['install', '--no-compile', ...kinds, ...wanted], forEnvironment)),
    async resolve(wanted) {
      if (!canLend) await makeEnvironment();
      const report = join(run.folder, 'report.json');
      // A target of its own makes the question independent of what the asked Python has.
      const target = join(run.folder, 'nowhere');
      const dry = ['--dry-run', '--target', target, '--report', report];
      await pip(['install', ...dry, ...kinds, ...wanted], []);
      return readReport(await readFile(report, 'utf8'));
    },
    runPython: async (...args) => void (await call(base, ['-I', ...args], run)),
  };
}

const reportSchema = z.looseObject({
  install: z.array(
    z.looseObject({ metadata: z.looseObject({ name: z.string(), version: z.string() }) }),
  ),
});

function readReport(text: string): LockedPackage[] {
  const { install } = reportSchema.parse(JSON.parse(text));
  return install.map(({ metadata: { name, version } }) => ({ name, version }));
}

/** Gives what the program printed. */
function call(file: string, args: readonly string[], run: ProgramRun): Promise<string> {
  return runProgram({ file, args }, run, {
    name: file.endsWith('uv') ? 'uv' : 'pip',
    explain: explainPipFailure,
    notStarted: (cause) =>
      new InstallError('python_missing', `${file} could not be started.`, {
        cause,
        hint: 'Install Python 3.10 or newer, or name one with GATEWAY_PYTHON.',
      }),
  });
}

function canLend(said: string): boolean {
  const [, major = 0, minor = 0] = (/^pip (\d+)\.(\d+)/m.exec(said) ?? []).map(Number);
  const [leastMajor, leastMinor] = LENDING_PIP;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/** Lines of an installer's output that are kept: it tells the reason last. */
const SHOWN_LINES = 20;

/** Makes a failure of what pip or uv printed: the line that says why, and what to do about it. */
export function explainPipFailure(output: string): InstallError {
  const lines = output.split('\n').map((line) => line.trimEnd());
  const known = reasons.find(({ pattern }) => pattern.test(output));
  const said =
    // uv's reason, on a line of its own below what it could not do.
    lines.find((line) => /^\s*╰─▶/.test(line)) ??
    lines.find((line) => /^\s*ERROR: (?!subprocess|Exception)/.test(line)) ??
    lines.find((line) => /^\s*(?:×|error:)/.test(line)) ??
    lines.findLast((line) => line !== '');
  const reason =
    known?.reason ?? said?.replace(/^\s*(?:ERROR:|error:|×|╰─▶)\s*/, '') ?? 'it gave no reason';
  return new InstallError(
    'python_install_failed',
    `The packages could not be installed: ${reason}`,
    {
      output: lines
        .filter((line) => line !== '')
        .slice(-SHOWN_LINES)
        .join('\n'),
      hint: known?.hint ?? 'Correct what is named above, then run the command again.',
    },
  );
}

type Reason = { readonly pattern: RegExp; readonly hint: string; readonly reason?: string };

const reasons: readonly Reason[] = [
  {
    pattern: /ensurepip is not available|No module named (?:venv|ensurepip|pip)/,
    hint: 'This Python cannot make environments. Install its venv package (Debian: apt install python3-venv) or uv.',
  },
  {
    pattern:
      /subprocess-exited-with-error|Failed building wheel|Failed to build|metadata-generation-failed/i,
    hint: 'The package has to be built here and that failed. Ask for a version that comes as a wheel, or install what its build needs.',
  },
  {
    // Before what pip concludes from it: that there is no such version.
    pattern:
      /name resolution|Name or service not known|nodename nor servname|dns error|NewConnectionError|Connect(?:ion)?Timeout|Connection refused|Network is unreachable|timed out|tcp connect error|error sending request|ProxyError|CERTIFICATE_VERIFY_FAILED/i,
    reason: 'the package index cannot be reached',
    hint: 'See to the network, or to the index and proxy that pip or uv is set up with, then run the command again.',
  },
  {
    // pip that may not try again tells of an index that cannot be reached in the same words.
    pattern: /from versions: none/,
    hint: 'See whether the name is right, and whether the index that pip is set up with can be reached and has it. What comes as source only is built with --allow-scripts.',
  },
  {
    pattern:
      /Could not find a version|No matching distribution|was not found in the package|no (?:usable )?wheels/,
    hint: 'Correct the name or version in the requirements to one that exists. One that comes as source only is built with --allow-scripts.',
  },
  {
    pattern: /conflicting dependencies|No solution found/,
    hint: 'Change the versions in the requirements so that they fit together.',
  },
];
