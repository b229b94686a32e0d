import { ConfigError } from '../config/config-error.ts';
import { GatewayError } from '../errors.ts';
import { StoreError } from '../storage/store-error.ts';
import { SandboxError } from '../system/bubblewrap.ts';
import { CommandError, exitCodes } from './command.ts';
import type { Terminal } from './terminal.ts';

/** Tells why a command failed and gives its exit code. What nobody foresaw is told with its stack. */
export function reportFailure(error: unknown, terminal: Terminal): number {
  if (error instanceof CommandError) {
    terminal.note(`error: ${error.message}`);
    return error.exitCode;
  }
  if (error instanceof ConfigError) {
    terminal.note('error: The settings are wrong, so nothing was done.');
    for (const line of error.message.split('\n')) terminal.note(`  ${line}`);
    return exitCodes.foundProblems;
  }
  if (error instanceof StoreError) {
    terminal.note(`error: ${error.message}`);
    if (error.cause instanceof Error) terminal.note(`  cause: ${error.cause.message}`);
    return exitCodes.foundProblems;
  }
  if (error instanceof SandboxError) {
    terminal.note(`error: worker.sandbox: ${error.message}`);
    return exitCodes.foundProblems;
  }
  if (error instanceof GatewayError) {
    terminal.note(`error: ${error.message}`);
    return error.code === 'invalid_value' ? exitCodes.wrongUsage : exitCodes.foundProblems;
  }
  terminal.note(
    `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  return exitCodes.foundProblems;
}
