import { CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { GatewayError } from '../errors.ts';
import { StoreError } from '../storage/store-error.ts';
import { SandboxError } from '../system/bubblewrap.ts';
import { ProcessUserError } from '../system/processes.ts';
import { CommandError, exitCodes } from './command.ts';
import type { Terminal } from './terminal.ts';

/** Whether a command line asks for JSON, which then holds for what went wrong too. */
export function asksForJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end < 0 ? undefined : end).includes('--json');
}

/**
 * Tells why a command failed and gives its exit code. What nobody foresaw is told with its stack.
 *
 * @param options.asJson - One document on standard output: `{ "error": { "message", … } }`.
 */
export function reportFailure(
  error: unknown,
  terminal: Terminal,
  { asJson }: { readonly asJson: boolean },
): number {
  // Help and version that were asked for end with 0 there; help shown because something is missing does not.
  if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
  const { message, exitCode, below = [], ...more } = describeFailure(error);
  if (asJson) {
    terminal.json({ error: { message, ...more } });
    return exitCode;
  }
  // Of a wrong command line the parser has told by now.
  if (error instanceof CommanderError) return exitCode;
  terminal.note(`error: ${message}`);
  for (const line of below) terminal.note(`  ${line}`);
  return exitCode;
}

type Described = {
  readonly message: string;
  readonly exitCode: number;
  /** Lines that people see below the message. */
  readonly below?: readonly string[];
  readonly code?: string;
  readonly problems?: ConfigError['problems'];
  readonly cause?: string;
};

function describeFailure(error: unknown): Described {
  const exitCode = exitCodes.foundProblems;
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { message, exitCode: exitCodes.wrongUsage, code: 'wrong_usage' };
  }
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode };
  if (error instanceof ConfigError) {
    const { problems } = error;
    const message = 'The settings are wrong, so nothing was done.';
    return { message, exitCode, below: error.message.split('\n'), code: 'bad_setting', problems };
  }
  if (error instanceof StoreError) {
    const cause = error.cause instanceof Error ? error.cause.message : undefined;
    if (cause === undefined) return { message: error.message, exitCode };
    return { message: error.message, exitCode, below: [`cause: ${cause}`], cause };
  }
  if (error instanceof SandboxError) {
    return { message: `worker.sandbox: ${error.message}`, exitCode };
  }
  if (error instanceof ProcessUserError) {
    return { message: `worker.uid: ${error.message}`, exitCode };
  }
  if (error instanceof GatewayError) {
    const { message, code } = error;
    return { message, code, exitCode: code === 'invalid_value' ? exitCodes.wrongUsage : exitCode };
  }
  return {
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    exitCode,
  };
}
