import { type Command, Option } from 'commander';
import { severities, stages } from '../../protocol/diagnostics.ts';
import { examples, jsonOption, limitOption, parseSince, type RunCommand } from '../options.ts';

/** `dropgate agents list|errors|refresh`: they ask the gateway that runs on this project. */
export function addAgentCommands(program: Command, run: RunCommand): void {
  const agents = program
    .command('agents')
    .description('ask the gateway that runs on this project about its agents');
  const commands = () => import('./agents-actions.ts');
  agents
    .command('list')
    .description('list every agent with its state')
    .addOption(jsonOption())
    .addHelpText('after', examples('agents list', 'agents list --json'))
    .action((options) => run(async (context) => (await commands()).listAgents(context, options)));
  agents
    .command('errors')
    .description('list what is wrong with agents, newest first')
    .option('--agent <id>', 'of this agent alone: its model id, or its bare name')
    .addOption(new Option('--stage <stage>', 'of this stage alone').choices(stages))
    .addOption(new Option('--severity <severity>', 'of this severity alone').choices(severities))
    .option('--since <time>', 'last seen since: a time, or a duration such as 30m', parseSince)
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('agents errors', 'agents errors --agent labs/planner --since 1h --severity error'),
    )
    .action((options) => run(async (context) => (await commands()).listErrors(context, options)));
  agents
    .command('refresh')
    .description('look for new, changed and removed agents now')
    .option('--force', 'also load what has not changed')
    .addOption(jsonOption())
    .addHelpText('after', examples('agents refresh', 'agents refresh --force --json'))
    .addHelpText('after', '\nExits with 1 where an agent failed to load.')
    .action((options) =>
      run(async (context) => (await commands()).refreshAgents(context, options)),
    );
}
