import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate status` and `dropgate upstreams list`: they ask the gateway that runs on this project. */
export function addStatusCommands(program: Command, run: RunCommand): void {
  program
    .command('status')
    .description('say on one screen how the gateway that runs on this project is')
    .addOption(jsonOption())
    .addHelpText('after', examples('status', 'status --json'))
    .addHelpText('after', '\nExits with 1 where something is wrong, or no gateway runs.')
    .action((options) =>
      run(async (context) => (await import('./status-actions.ts')).showStatus(context, options)),
    );
  const upstreams = program
    .command('upstreams')
    .description('ask the gateway that runs on this project about the servers that answer models');
  upstreams
    .command('list')
    .description('list them: how each is, who uses it, and which of its models end')
    .addOption(jsonOption())
    .addHelpText('after', examples('upstreams list', 'upstreams list --json'))
    .action((options) =>
      run(async (context) =>
        (await import('./upstreams-actions.ts')).listUpstreams(context, options),
      ),
    );
}
