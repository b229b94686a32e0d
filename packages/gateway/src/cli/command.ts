import type { Command as CommandName, Config } from '../config/config.ts';
import type { Gateway, GatewayOptions } from '../gateway.ts';
import type { Terminal } from './terminal.ts';

/** What every command works with. */
export type CommandContext = {
  readonly projectRoot: string;
  readonly terminal: Terminal;
  /** Rejects with `ConfigError`. */
  loadConfig(command: CommandName): Promise<Config>;
  /** Builds a gateway; nothing runs or listens before `load` or `start`. */
  readonly createGateway: (options: GatewayOptions) => Promise<Gateway>;
  /** Resolves with the name of the signal that asks to stop. Listens from the first call on. */
  untilStopped(): Promise<string>;
};

/** Exit codes of every command. */
export const exitCodes = { done: 0, foundProblems: 1, wrongUsage: 2 } as const;

/** A command cannot do its work; `message` says why and what to do. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.foundProblems) {
    super(message);
    this.exitCode = exitCode;
  }
}
