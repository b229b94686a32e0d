import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type CommandContext, exitCodes } from './command.ts';
import { durationSeconds } from './duration.ts';
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
      (await import('../config/load.ts')).loadProcessConfig({ projectRoot, command }),
    createGateway: async (options) => (await import('../gateway.ts')).createGateway(options),
    untilStopped: untilStopSignal,
  };
  let exitCode: number = exitCodes.done;
  const program = commandTable(context, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportFailure(error, terminal);
    const isAnswer = error.code === 'commander.helpDisplayed' || error.code === 'commander.version';
    return isAnswer ? exitCodes.done : exitCodes.wrongUsage;
  }
}

/** Every command. What a command needs is imported when it runs. */
function commandTable(context: CommandContext, ended: (exitCode: number) => void): Command {
  const program = new Command('dropgate')
    .description('Serves agents of the OpenAI Agents SDK, dropped into a folder, as an OpenAI API.')
    .version(packageVersion(), '-v, --version')
    .showHelpAfterError('Run the command with --help to see what it takes.')
    .exitOverride();

  program
    .command('dev')
    .description('serve this project on this machine, with a key and a first call to paste')
    .addOption(portOption())
    .action(async (options) => ended(await (await import('./dev.ts')).dev(context, options)));
  program
    .command('start')
    .description('serve this project, with JSON lines as log')
    .addOption(portOption())
    .action(async (options) => ended(await (await import('./start.ts')).start(context, options)));
  program
    .command('check')
    .description('load every agent once and tell what is wrong')
    .addOption(jsonOption())
    .action(async (options) => ended(await (await import('./check.ts')).check(context, options)));
  addKeyCommands(program.command('keys').description('make, list and revoke API keys'));
  return program;

  function addKeyCommands(keys: Command): void {
    const commands = () => import('./keys.ts');
    keys
      .command('create')
      .description('make a key and show it, this once')
      .option('--name <name>', 'what people and rules call it')
      .addOption(
        new Option('--role <role>', 'what it may do')
          .choices(['caller', 'operator', 'admin', 'metrics'])
          .default('caller'),
      )
      .option('--namespaces <names>', 'the only namespaces it reaches, with commas', parseList)
      .option('--agents <globs>', 'the only agents it reaches, such as "labs/*"', parseList)
      .option('--expires <duration>', 'how long it works, such as 30d, 12h or 45m', parseDuration)
      .addOption(jsonOption())
      .action(async (options) => ended(await (await commands()).createKey(context, options)));
    keys
      .command('list')
      .description('list every key, never its secret')
      .addOption(jsonOption())
      .action(async (options) => ended(await (await commands()).listKeys(context, options)));
    keys
      .command('revoke')
      .description('end a key; a running gateway refuses it within a second')
      .argument('<key>', 'its id, or a name that only it has')
      .addOption(jsonOption())
      .action(async (key: string, options) =>
        ended(await (await commands()).revokeKey(context, key, options)),
      );
  }
}

function jsonOption(): Option {
  return new Option('--json', 'print the result as JSON');
}

function portOption(): Option {
  return new Option('--port <port>', 'port to listen on, over every setting').argParser((text) => {
    const port = Number(text);
    if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
    throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  });
}

function parseList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.every((part) => part !== '')) return parts;
  throw new InvalidArgumentError('Give names with commas between them, such as a,b.');
}

function parseDuration(text: string): number {
  const seconds = durationSeconds(text);
  if (seconds !== null) return seconds;
  throw new InvalidArgumentError('Give a number and s, m, h, d or w, such as 30d.');
}

function packageVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
