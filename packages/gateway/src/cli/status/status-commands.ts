import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate upstreams list`: it asks the gateway that runs on this project. */
export function addStatusCommands(program: Command, run: RunCommand): void {
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
