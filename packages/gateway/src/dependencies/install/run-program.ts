import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { signalGroup } from '../../system/processes.ts';
import { type EnvironmentVariables, InstallError } from './install-result.ts';

/** How an installer is started: a program and its first arguments. */
export type ProgramCommand = { readonly file: string; readonly args: readonly string[] };

export type ProgramRun = {
  /** Absolute; the program works here. */
  readonly folder: string;
  readonly environment: EnvironmentVariables;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Told the process group as soon as there is one. */
  readonly onStart: (groupId: number) => void;
};

/** What is said of a program that did not do its work. */
export type ProgramFailures = {
  readonly name: string;
  /** Makes a failure of what it printed. */
  readonly explain: (output: string) => InstallError;
  readonly notStarted: (cause: unknown) => InstallError;
};

/** Installers tell the reason of a failure last. */
const outputLimit = 64 * 1024;

/**
 * Runs an installer to its end and gives what it printed, both streams. It has a process group of its own, which is
 * ended as a whole when the signal aborts or the time is up.
 *
 * @throws InstallError `timed_out`, `interrupted`, or what `failures` makes.
 */
export async function runProgram(
  { file, args }: ProgramCommand,
  run: ProgramRun,
  failures: ProgramFailures,
): Promise<string> {
  if (run.signal.aborted) throw interrupted();
  const child = spawn(file, [...args], {
    cwd: run.folder,
    env: { ...run.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const limit = AbortSignal.any([run.signal, AbortSignal.timeout(run.timeoutMs)]);
  // It works in a copy: there is nothing to end gracefully.
  const stop = () => child.pid !== undefined && signalGroup(child.pid, 'SIGKILL');
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
    if (limit.aborted) throw timedOut(failures.name, run.timeoutMs);
    if (code === 0) return output;
    throw failures.explain(output);
  } catch (error) {
    throw error instanceof InstallError ? error : failures.notStarted(error);
  } finally {
    limit.removeEventListener('abort', stop);
    // What it started may outlive it.
    stop();
  }
}

function interrupted(): InstallError {
  return new InstallError('interrupted', 'The install was interrupted; nothing was changed.', {
    hint: 'Run the command again.',
  });
}

function timedOut(name: string, timeoutMs: number): InstallError {
  return new InstallError(
    'timed_out',
    `${name} did not end within ${Math.round(timeoutMs / 1000)} s and was stopped; nothing was changed.`,
    { hint: 'See whether the registry can be reached, then run the command again.' },
  );
}
