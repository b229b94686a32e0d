import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate console`: it asks the gateway that runs on this project. */
export function addConsoleCommand(program: Command, run: RunCommand): void {
  program
    .command('console')
    .description('make a link that logs in to the console of the gateway that runs, once')
    .option('--open', 'open it in the browser')
    .addOption(jsonOption())
    .addHelpText('after', examples('console', 'console --open'))
    .addHelpText(
      'after',
      '\nThe link logs in as an admin; that login ends with the gateway at the latest.',
    )
    .action((options) =>
      run(async (context) => (await import('./console-action.ts')).openConsole(context, options)),
    );
}
