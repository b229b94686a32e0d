import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

/** Of what a program wrote, this much is looked at for why it failed. */
const keptChars = 8192;

/** Lines that are told where none of them names an error. */
const toldLines = 3;

/** What a program wrote to its stderr, the last of it. */
export type LastErrors = { text: string };

/** Reads the stderr of programs that are started in a piece of work, and passes it on. */
export type SpawnErrors = {
  readonly during: <T>(errors: LastErrors, work: () => Promise<T>) => Promise<T>;
};

type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

type SpawnOptions = { readonly stdio?: unknown };

/** Makes it; holds for the rest of the process's life. */
export function createSpawnErrors(): SpawnErrors {
  const scope = new AsyncLocalStorage<LastErrors>();
  const holder = process.getBuiltinModule('node:child_process') as unknown as { spawn: Spawn };
  const spawn = holder.spawn;
  holder.spawn = (command, args, options) => {
    const errors = scope.getStore();
    const stdio = options?.stdio;
    if (!errors || !Array.isArray(stdio) || stdio[2] !== 'inherit') {
      return spawn(command, args, options);
    }
    const child = spawn(command, args, { ...options, stdio: stdio.with(2, 'pipe') });
    child.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      errors.text = (errors.text + chunk.toString()).slice(-keptChars);
    });
    return child;
  };
  syncBuiltinESMExports();
  return { during: (errors, work) => scope.run(errors, work) };
}

/** The line that names the error it ended with, or the last ones; empty where it wrote none. */
export function lastWords({ text }: LastErrors): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const named = lines.findLast((line) => /^[\w.]*(Error|Exception)\b/.test(line));
  return named ?? lines.slice(-toldLines).join('\n');
}
