import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { builtLauncher, pathWithDropgate } from './built-gateway.ts';

/** The file that users start. */
export const launcher = builtLauncher();

/** How a command ended. */
export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** A command while it runs. */
export type CliProcess = {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with all output so far once it has the text; rejects where the command ends before. */
  until(text: string): Promise<string>;
  readonly ended: Promise<Ended>;
};

/** Starts `dropgate` as users do, in a folder, with a bare environment. */
export function startCli(
  cwd: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly nodeArgs?: string[] } = {},
): CliProcess {
  const { HOME = '' } = process.env;
  const PATH = pathWithDropgate();
  const command = [...(options.nodeArgs ?? []), launcher, ...args];
  const child = spawn(process.execPath, command, { cwd, env: { PATH, HOME, ...options.env } });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return {
    child,
    ended,
    until: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if ((out + err).includes(text)) resolve(out + err);
        };
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        look();
        void ended.then(() => reject(new Error(`Ended without "${text}":\n${out}\n${err}`)));
      }),
  };
}

/** Runs a command to its end. */
export function runCli(...args: Parameters<typeof startCli>): Promise<Ended> {
  return startCli(...args).ended;
}
