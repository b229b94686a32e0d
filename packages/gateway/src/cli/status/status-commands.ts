import { type Command, Option } from 'commander';
import { eventTypes } from '../../protocol/admin/events-answer.ts';
import { examples, jsonOption, parseList, type RunCommand } from '../options.ts';

/** `dropgate status`, `dropgate events` and `dropgate upstreams list`: they ask the gateway that runs on this project. */
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
  program
    .command('events')
    .description('follow what happens in the gateway that runs on this project, until Ctrl-C')
    .option('--types <list>', `of these kinds alone: some of ${eventTypes.join(', ')}`, parseList)
    .option('--agent <id>', 'of this agent alone: its model id, or its bare name')
    .addOption(new Option('--json', 'print each event as JSON on a line of its own'))
    .addHelpText('after', examples('events', 'events --types run_ended,access_denied --json'))
    .action((options) =>
      run(async (context) => (await import('./events-actions.ts')).followEvents(context, options)),
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
