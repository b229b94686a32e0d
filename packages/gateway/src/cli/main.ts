import { type Command, CommanderError } from 'commander';
import { type CommandContext, exitCodes } from './command.ts';
import { commandTable } from './command-table.ts';
import { reportFailure } from './report-failure.ts';
import { untilStopSignal } from './stop-signals.ts';
import { createTerminal } from './terminal.ts';

/** Runs one command line, without the program's name in front. Resolves with the exit code; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  const terminal = createTerminal();
  const projectRoot = process.cwd();
  const context: CommandContext = {
    projectRoot,
    terminal,
    loadConfig: async (command) =>
      (await import('../config/load-config.ts')).loadProcessConfig({ projectRoot, command }),
    createGateway: async (options) => (await import('../gateway.ts')).createGateway(options),
    untilStopped: untilStopSignal,
  };
  let exitCode: number = exitCodes.done;
  const program = commandTable(async (work) => {
    exitCode = await work(context);
  });
  try {
    await program.parseAsync(withoutUnknownHelp(args, program), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, terminal);
    // Help and version that were asked for end with 0 there; help shown because something is missing does not.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
  }
}

/** Help on a command that there is not is asked for as that command is: the answer names the nearest. */
function withoutUnknownHelp(args: readonly string[], { commands }: Command): readonly string[] {
  const [first, named = '-'] = args;
  if (first !== 'help' || named.startsWith('-') || named === 'help') return args;
  const isKnown = commands.some((one) => [one.name(), ...one.aliases()].includes(named));
  return isKnown ? args : args.slice(1);
}
