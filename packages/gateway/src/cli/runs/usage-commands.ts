import { type Command, InvalidArgumentError, Option } from 'commander';
import { usageDimensions } from '../../protocol/usage/usage.ts';
import { examples, jsonOption, parseSince, type RunCommand } from '../options.ts';

/** `dropgate usage`: it asks the gateway that runs on this project. */
export function addUsageCommand(program: Command, run: RunCommand): void {
  const time = 'a time, or a duration before now such as 7d';
  program
    .command('usage')
    .description('show the runs, tokens and cost of the last 30 days')
    .addOption(
      new Option('--by <names>', `a row for each: ${usageDimensions.join(', ')}, with commas`)
        .argParser(parseBy)
        .default('agent'),
    )
    .option('--since <time>', `from this UTC day on: ${time}`, parseSince)
    .option('--until <time>', `to this UTC day: ${time}`, parseSince)
    .addOption(new Option('--csv', 'print it as CSV').conflicts('json'))
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('usage', 'usage --by key,day --since 7d', 'usage --by model --csv'),
    )
    .action((options) =>
      run(async (context) => (await import('./usage-actions.ts')).showUsage(context, options)),
    );
}

function parseBy(text: string): string {
  const names = text.split(',').map((name) => name.trim());
  const known: readonly string[] = usageDimensions;
  if (names.every((name) => known.includes(name))) return names.join(',');
  throw new InvalidArgumentError(`Give some of ${usageDimensions.join(', ')}, with commas.`);
}
