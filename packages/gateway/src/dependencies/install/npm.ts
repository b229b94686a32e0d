import { realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { exists } from '../../system/files.ts';
import { type EnvironmentVariables, InstallError } from './install-result.ts';
import { npmFailed } from './npm-failure.ts';
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
