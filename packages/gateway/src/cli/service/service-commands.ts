import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate service install|uninstall`: they write and remove a file, and start and stop nothing. */
export function addServiceCommands(program: Command, run: RunCommand): void {
  const service = program
    .command('service')
    .description('make this project a service of systemd, which starts with the machine');
  service
    .command('install')
    .description('write the unit; what it says to do next starts it')
    .option('--user', 'for your own systemd, without root')
    .option('--name <name>', 'name of the unit', 'dropgate')
    .option('--run-as <user>', 'who it runs as; without it, whoever owns the project')
    .option('--write <folder...>', 'folders that agents may write to, beside .dropgate')
    .option('--print', 'write the unit to standard output, and nothing else')
    .option('--root <folder>', 'of another system, such as an image that is being made')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'service install --print',
        'service install --run-as agents',
        'service install --user',
      ),
    )
    .addHelpText('after', '\nA unit of somebody else, or of another project, is never replaced.')
    .action((options) =>
      run(async (context) =>
        (await import('./service-actions.ts')).installService(context, options),
      ),
    );
  service
    .command('uninstall')
    .description('remove the unit; it is stopped before, by the command that is named')
    .option('--user', 'of your own systemd')
    .option('--name <name>', 'name of the unit', 'dropgate')
    .option('--root <folder>', 'of another system, such as an image that is being made')
    .addOption(jsonOption())
    .addHelpText('after', examples('service uninstall', 'service uninstall --user'))
    .action((options) =>
      run(async (context) =>
        (await import('./service-actions.ts')).uninstallService(context, options),
      ),
    );
}
