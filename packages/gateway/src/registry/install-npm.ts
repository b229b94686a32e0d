import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, realpath } from 'node:fs/promises';
import { basename, delimiter, dirname, join } from 'node:path';
import { InstallError } from './install-error.ts';

/** Environment of a process. */
export type InstallEnvironment = Readonly<Record<string, string | undefined>>;

/** How npm is started: a program and its first arguments. */
export type NpmCommand = { readonly file: string; readonly args: readonly string[] };

export type NpmRun = {
  /** Absolute; npm works here and nowhere else. */
  readonly folder: string;
  readonly environment: InstallEnvironment;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Told the process group as soon as there is one. */
  readonly onStart: (groupId: number) => void;
};

/**
 * Finds npm: the one beside the Node in use, else the one that started this process, else the first in PATH.
 *
 * @throws InstallError `npm_missing`.
 */
export async function findNpm(environment: InstallEnvironment): Promise<NpmCommand> {
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
async function npmIn(folder: string): Promise<NpmCommand | null> {
  const windows = join(folder, 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if ((await exists(join(folder, 'npm.cmd'))) && (await exists(windows))) {
    return { file: process.execPath, args: [windows] };
  }
  const program = await realpath(join(folder, 'npm')).catch(() => null);
  if (program === null) return null;
  if (basename(program) === 'npm-cli.js') return { file: process.execPath, args: [program] };
  return { file: program, args: [] };
}

/** npm tells the reason of a failure last. */
const outputLimit = 64 * 1024;

/**
 * Runs npm to its end and gives what it printed, both streams. It has a process group of its own, which is ended as a
 * whole when the signal aborts or the time is up.
 *
 * @throws InstallError `npm_failed`, `timed_out` or `interrupted`.
 */
export async function runNpm(
  npm: NpmCommand,
  args: readonly string[],
  run: NpmRun,
): Promise<string> {
  if (run.signal.aborted) throw interrupted();
  const child = spawn(npm.file, [...npm.args, ...args], {
    cwd: run.folder,
    env: { ...run.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const limit = AbortSignal.any([run.signal, AbortSignal.timeout(run.timeoutMs)]);
  // It works in a copy: there is nothing to end gracefully.
  const stop = () => killGroup(child.pid);
  limit.addEventListener('abort', stop, { once: true });
  if (child.pid !== undefined) run.onStart(child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-outputLimit);
    });
  }
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (run.signal.aborted) throw interrupted();
    if (limit.aborted) throw timedOut(run.timeoutMs);
    if (code === 0) return output;
    throw npmFailed(output);
  } catch (error) {
    if (error instanceof InstallError) throw error;
    throw new InstallError('npm_missing', `npm could not be started (${npm.file}).`, {
      cause: error,
      hint: 'Install Node from https://nodejs.org, which brings npm, and run the command again.',
    });
  } finally {
    limit.removeEventListener('abort', stop);
    // What npm started may outlive it.
    killGroup(child.pid);
  }
}

/** Ends a process group at once; one that is gone is no failure. */
export function killGroup(groupId: number | undefined): void {
  if (groupId === undefined) return;
  try {
    process.kill(-groupId, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

function interrupted(): InstallError {
  return new InstallError('interrupted', 'The install was interrupted; nothing was changed.', {
    hint: 'Run the command again.',
  });
}

function timedOut(timeoutMs: number): InstallError {
  return new InstallError(
    'timed_out',
    `npm did not end within ${Math.round(timeoutMs / 1000)} s and was stopped; nothing was changed.`,
    { hint: 'See whether the registry can be reached, then run the command again.' },
  );
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
  ETARGET: 'Correct the version in package.json to one that exists.',
  E404: 'Correct the name in package.json; the registry has no such package.',
  ERESOLVE: 'Change the versions in package.json so that they fit together.',
  ENOTFOUND: 'See whether the registry can be reached, then run the command again.',
  ECONNREFUSED: 'See whether the registry can be reached, then run the command again.',
  EINTEGRITY:
    'The package differs from what the lock file names; remove the lock file if you trust it.',
};

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
