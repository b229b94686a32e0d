import { type Command, InvalidArgumentError, Option } from 'commander';
import { replayedGenerations } from '../../protocol/admin/replay-answer.ts';
import { runOutcomes } from '../../protocol/journal/journal.ts';
import { examples, jsonOption, limitOption, parseSince, type RunCommand } from '../options.ts';

/** `dropgate runs …`: they ask the gateway that runs on this project what runs did. */
export function addRunCommands(program: Command, run: RunCommand): void {
  const runs = program
    .command('runs')
    .description('ask the gateway that runs on this project what runs did');
  const commands = () => import('./runs-actions.ts');
  const outcomes = ['running', 'lost', ...runOutcomes];
  runs
    .command('list')
    .description('list runs, newest first')
    .option('--agent <id>', 'of this agent alone: its model id, or its bare name')
    .option('--key <id>', 'of this key alone: its id, or its name')
    .option('--user <id>', 'for this user alone, as the request names it')
    .addOption(new Option('--outcome <outcome>', 'with this outcome').choices(outcomes))
    .option('--code <code>', 'that failed with this code')
    .option('--since <time>', 'begun since: a time, or a duration such as 30m', parseSince)
    .option('--request <id>', 'of this request, by its x-request-id')
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText('after', examples('runs list', 'runs list --outcome failed --since 1h'))
    .addHelpText(
      'after',
      '\ninterrupted: it stopped to wait for a person or for its caller’s tools. It goes on as another run.',
    )
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
  addAgainCommands(runs, run);
}

/** What runs something again, or makes a case of it to be run. */
function addAgainCommands(runs: Command, run: RunCommand): void {
  const commands = () => import('./replay-actions.ts');
  runs
    .command('replay')
    .description('run again what a run did, with the answers that were recorded')
    .argument('<id>', 'of the run')
    .addOption(
      new Option('--generation <which>', 'of the agent: that of then, or what serves now')
        .choices(replayedGenerations)
        .default('recorded'),
    )
    .option('--from-step <n>', 'go on live from this step', parseStep)
    .option('--edit <text>', 'what that step gave instead; @file reads it from one')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'runs replay run_019…',
        'runs replay run_019… --generation current',
        'runs replay run_019… --from-step 4 --edit "Rain in Paris."',
      ),
    )
    .action((id, options) =>
      run(async (context) => (await commands()).replayRun(context, id, options)),
    );
  runs
    .command('to-test')
    .description('write a recorded run beside its agent, as a case to run it by')
    .argument('<id>', 'of the run')
    .option(
      '--name <name>',
      'of the file in the tests folder of the agent; the id of the run without it',
    )
    .option('--force', 'replace a file of that name')
    .addOption(jsonOption())
    .addHelpText('after', examples('runs to-test run_019… --name weather-in-paris'))
    .action((id, options) =>
      run(async (context) => (await commands()).writeRunTest(context, id, options)),
    );
}

function parseStep(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is the number of a step, as `dropgate runs show` tells it.');
}
