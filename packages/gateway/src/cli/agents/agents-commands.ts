import { type Command, InvalidArgumentError, Option } from 'commander';
import { severities, stages } from '../../protocol/diagnostics.ts';
import { KEPT_GENERATIONS } from '../../protocol/store.ts';
import { examples, jsonOption, limitOption, parseSince, type RunCommand } from '../options.ts';

/** `dropgate agents list|errors|generations|rollback|refresh`: they ask the gateway that runs on this project. */
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
    .option('--follow', 'go on: oldest first, and what comes until Ctrl-C')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'agents errors',
        'agents errors --agent labs/planner --since 1h --severity error',
        'agents errors --follow',
      ),
    )
    .action((options) =>
      run(async (context) => (await import('./errors-actions.ts')).listErrors(context, options)),
    );
  addRollbackCommands(agents, run);
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

function addRollbackCommands(agents: Command, run: RunCommand): void {
  const commands = () => import('./rollback-actions.ts');
  agents
    .command('generations')
    .description('list the versions of an agent that are kept, newest first')
    .argument('<agent>', 'its model id, or its bare name')
    .addOption(jsonOption())
    .addHelpText('after', examples('agents generations sampleagent'))
    .addHelpText(
      'after',
      `\nThe ${KEPT_GENERATIONS} versions that served last are kept, with their .env. Changes: + added, ~ changed, - removed.`,
    )
    .action((agent, options) =>
      run(async (context) => (await commands()).listGenerations(context, agent, options)),
    );
  agents
    .command('rollback')
    .description('serve a kept version of an agent until its files change')
    .argument('<agent>', 'its model id, or its bare name')
    .option(
      '--to <generation>',
      'this one; without it the newest that is older than what serves',
      parseGeneration,
    )
    .addOption(new Option('--release', 'end that: serve what lies on disk again').conflicts('to'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'agents rollback sampleagent',
        'agents rollback labs/planner --to 3',
        'agents rollback labs/planner --release',
      ),
    )
    .addHelpText('after', '\nExits with 1 where it is not so afterwards; what served serves on.')
    .action((agent, options) =>
      run(async (context) => (await commands()).rollBackAgent(context, agent, options)),
    );
}

/** The number of a generation: 1 or more. */
function parseGeneration(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Give the number of a generation, such as 3.');
}
