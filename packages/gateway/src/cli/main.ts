import type { Command } from 'commander';
import { type CommandContext, exitCodes } from './command.ts';
import { commandTable } from './command-table.ts';
import { asksForJson, reportFailure } from './report-failure.ts';
import { untilStopSignal } from './stop-signals.ts';
import { createTerminal, whenWritten } from './terminal.ts';
import { asTypedWith } from './typed-command.ts';

/** Commands that run until they are told to stop. */
const serving: ReadonlySet<string> = new Set(['dev', 'start']);

/** How long their last words wait for a reader. */
const STOP_TIMEOUT_MS = 1000;

/**
 * Runs one command line, without the program's name in front. Resolves with the exit code once what it printed has left
 * this process; never throws.
 */
export async function main(args: readonly string[]): Promise<number> {
  const exitCode = await runCommandLine(args);
  // A pager takes its time; a service that was told to stop ends.
  await whenWritten(serving.has(args[0] ?? '') ? STOP_TIMEOUT_MS : null);
  return exitCode;
}

async function runCommandLine(args: readonly string[]): Promise<number> {
  const asJson = asksForJson(args);
  let exitCode: number = exitCodes.done;
  const program = commandTable(
    async (work) => {
      exitCode = await work(context);
    },
    { asJson },
  );
  const names = program.commands.map((command) => command.name());
  const terminal = createTerminal(asTypedWith(names, process.env.PATH ?? ''));
  const projectRoot = process.cwd();
  const context: CommandContext = {
    projectRoot,
    terminal,
    loadConfig: async (command) =>
      (await import('../config/load-config.ts')).loadProcessConfig({ projectRoot, command }),
    createGateway: async (options) => (await import('../gateway.ts')).createGateway(options),
    untilStopped: untilStopSignal,
  };
  try {
    await program.parseAsync(withoutUnknownHelp(args, program), { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportFailure(error, terminal, { asJson });
  }
}

/** Help on a command that there is not is asked for as that command is: the answer names the nearest. */
function withoutUnknownHelp(args: readonly string[], { commands }: Command): readonly string[] {
  const [first, ...rest] = args;
  if (commands.length === 0) return args;
  const find = (name: string) =>
    commands.find((one) => [one.name(), ...one.aliases()].includes(name));
  if (first !== 'help') {
    const family = first === undefined ? undefined : find(first);
    return family ? [family.name(), ...withoutUnknownHelp(rest, family)] : args;
  }
  const [named = '-'] = rest;
  return named.startsWith('-') || named === 'help' || find(named) ? args : rest;
}
