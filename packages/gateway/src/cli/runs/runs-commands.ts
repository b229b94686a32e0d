import { type Command, Option } from 'commander';
import { runOutcomes } from '../../protocol/journal/journal.ts';
import { examples, jsonOption, limitOption, parseSince, type RunCommand } from '../options.ts';

/** `dropgate runs list|show`: they ask the gateway that runs on this project what runs did. */
export function addRunCommands(program: Command, run: RunCommand): void {
  const runs = program
    .command('runs')
    .description('ask the gateway that runs on this project what runs did');
  const commands = () => import('./runs-actions.ts');
  const outcomes = ['running', 'lost', ...runOutcomes];
  runs
    .command('list')
    .description('list runs, newest first')
    .option('--agent <id>', 'of this agent alone, by its model id')
    .option('--key <id>', 'of this key alone, by its id')
    .addOption(new Option('--outcome <outcome>', 'that ended so').choices(outcomes))
    .option('--code <code>', 'that failed with this code')
    .option('--since <time>', 'begun since: a time, or a duration such as 30m', parseSince)
    .option('--request <id>', 'of this request, by its x-request-id')
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('runs list', 'runs list --outcome failed --since 1h'))
    .action((options) => run(async (context) => (await commands()).listRuns(context, options)));
  runs
    .command('show')
    .description('show what a run did, step by step, with times and tokens')
    .argument('<id>', 'of the run')
    .option('--contents', 'also what models and tools were asked and answered, where it is kept')
    .option('--follow', 'go on until the run is over, or Ctrl-C')
    .addOption(jsonOption())
    .addHelpText('after', examples('runs show run_019…', 'runs show run_019… --follow'))
    .action((id, options) =>
      run(async (context) => (await commands()).showRun(context, id, options)),
    );
}
