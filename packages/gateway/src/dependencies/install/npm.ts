import { realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { exists } from '../../system/files.ts';
import { type EnvironmentVariables, InstallError } from './install-result.ts';
import { type ProgramCommand, type ProgramRun, runProgram } from './run-program.ts';

/**
 * Finds npm: the one beside the Node in use, else the one that started this process, else the first in PATH.
 *
 * @throws InstallError `npm_missing`.
 */
export async function findNpm(environment: EnvironmentVariables): Promise<ProgramCommand> {
  const bin = dirname(process.execPath);
  const scripts = [
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    ...(environment.npm_execpath?.endsWith('npm-cli.js') ? [environment.npm_execpath] : []),
  ];
  for (const script of scripts) {
    if (await exists(script)) return { file: process.execPath, args: [script] };
  }
  for (const folder of (environment.PATH ?? '').split(delimiter).filter((one) => one !== '')) {
    const found = await npmIn(folder);
    if (found) return found;
  }
  throw new InstallError(
    'npm_missing',
    'There is no npm: neither beside the Node in use nor in PATH.',
    { hint: 'Install Node from https://nodejs.org, which brings npm, and run the command again.' },
  );
}

/** npm's own script runs on the Node in use; a wrapper of a version manager runs as it is. */
async function npmIn(folder: string): Promise<ProgramCommand | null> {
  const windows = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if ((await exists(join(folder, 'npm.cmd'))) && (await exists(windows))) {
    return { file: process.execPath, args: [windows] };
  }
  const program = await realpath(join(folder, 'npm')).catch(() => null);
  if (program === null) return null;
  if (basename(program) === 'npm-cli.js') return { file: process.execPath, args: [program] };
  return { file: program, args: [] };
}

/**
 * Runs npm to its end and gives what it printed, both streams.
 *
 * @throws InstallError `npm_failed`, `npm_missing`, `timed_out` or `interrupted`.
 */
export function runNpm(
  npm: ProgramCommand,
  args: readonly string[],
  run: ProgramRun,
): Promise<string> {
  return runProgram({ file: npm.file, args: [...npm.args, ...args] }, run, {
    name: 'npm',
    explain: npmFailed,
    notStarted: (cause) =>
      new InstallError('npm_missing', `npm could not be started (${npm.file}).`, {
        cause,
        hint: 'Install Node from https://nodejs.org, which brings npm, and run the command again.',
      }),
  });
}

/** npm's error lines without its prefix and the pointer to its log. */
function npmFailed(output: string): InstallError {
  const lines = output
    .split('\n')
    .flatMap((line) => /^npm (?:error|ERR!)\s+(.*)$/.exec(line)?.[1] ?? [])
    .filter((line) => line !== '' && !/complete log of this run|^\/.*debug-0\.log$/.test(line));
  const code = /^code (\S+)$/.exec(lines[0] ?? '')?.[1];
  const reasons = (code ? lines.slice(1) : lines).map((line) =>
    line.replace(/^(?:notarget|404|code|network|errno)\s+/, '').trim(),
  );
  const reason = reasons.find((line) => line !== '') ?? 'it gave no reason';
  return new InstallError('npm_failed', `npm could not install: ${reason}`, {
    output: (lines.length > 0 ? lines : output.trim().split('\n')).slice(0, 20).join('\n'),
    hint: hints[code ?? ''] ?? 'Correct what npm names, then run the command again.',
  });
}

const hints: Readonly<Record<string, string>> = {
  EALLOWGIT:
    'What is fetched with git may run code. If you trust it, install with --allow-scripts; else name a version of the registry.',
  ETARGET: 'Correct the version in package.json to one that exists.',
  E404: 'Correct the name in package.json; the registry has no such package.',
  ERESOLVE: 'Change the versions in package.json so that they fit together.',
  ENOTFOUND: 'See whether the registry can be reached, then run the command again.',
  ECONNREFUSED: 'See whether the registry can be reached, then run the command again.',
  EINTEGRITY:
    'The package differs from what the lock file names; remove the lock file if you trust it.',
};
