import { execFile } from 'node:child_process';
import type { PartResult } from './report.ts';

/** What a part of the nightly audit works with. */
export type PartContext = {
  /** The workspace, absolute. */
  readonly root: string;
  /** The project whose agents, store and overrides are looked at; the workspace where none is named. */
  readonly project: string;
  readonly npmService?: string | undefined;
  readonly osvService?: string | undefined;
};

export type Part = (context: PartContext) => Promise<PartResult>;

/** How a program ended, with what it printed. */
export type ProgramEnd = {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
};

/** Runs a program to its end, whatever its exit code. Rejects where it cannot be started or takes too long. */
export function runProgram(
  [file = '', ...args]: readonly string[],
  options: { readonly cwd: string; readonly timeoutMs: number; readonly env?: NodeJS.ProcessEnv },
): Promise<ProgramEnd> {
  const { cwd, timeoutMs, env = process.env } = options;
  return new Promise((resolve, reject) => {
    const settings = { cwd, env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024 };
    execFile(file, args, settings, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(new Error(`${file} ${args[0] ?? ''}: ${error?.message}`, { cause: error }));
    });
  });
}
