import type { Command } from 'commander';
import { examples, jsonOption, portOption, type RunCommand } from '../options.ts';

/** `dropgate dev|start|check`: they run a gateway of their own. */
export function addServingCommands(program: Command, run: RunCommand): void {
  program
    .command('dev')
    .description('serve this project on this machine, with a key and a first call to paste')
    .addOption(portOption())
    .option('--open', 'open the console in the browser')
    .addHelpText('after', examples('dev', 'dev --port 0', 'dev --open'))
    .action((options) => run(async (context) => (await import('./dev.ts')).dev(context, options)));
  program
    .command('start')
    .description('serve this project, with JSON lines as log')
    .addOption(portOption())
    .addHelpText('after', examples('start', 'start --port 80'))
    .action((options) =>
      run(async (context) => (await import('./start.ts')).start(context, options)),
    );
  program
    .command('check')
    .description('load every agent once and tell what is wrong')
    .addOption(jsonOption())
    .addHelpText('after', examples('check', 'check --json'))
    .addHelpText(
      'after',
      '\nExits with 1 where an agent fails to load, a finding is an error, or there is no agent.',
    )
    .action((options) =>
      run(async (context) => (await import('./check.ts')).check(context, options)),
    );
}
