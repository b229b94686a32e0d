import { type Command, InvalidArgumentError, Option } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** More would say nothing that fewer do not. */
const MOST_REPEATS = 1000;

/** `dropgate test`: it runs a gateway of its own. */
export function addTestCommand(program: Command, run: RunCommand): void {
  program
    .command('test')
    .description(
      'try each agent as callers use it, and play the cases in the tests folder beside it',
    )
    .argument('[agents...]', 'model ids, or bare names that only one agent has; all without them')
    .option('--repeat <n>', 'play each case so often, and tell how often it held', parseRepeat, 1)
    .addOption(
      new Option('--only <part>', 'what every agent has to do, or the cases alone').choices([
        'checks',
        'cases',
      ]),
    )
    .option('--upstream', 'ask your upstreams instead of the demo model, which costs money')
    .option('--watch', 'test again what each edit concerns, until Ctrl-C')
    .option('--junit <file>', 'write a report in JUnit’s XML there too')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'test',
        'test planner --watch',
        'test planner --repeat 10',
        'test --junit report.xml',
      ),
    )
    .addHelpText(
      'after',
      '\nEach agent is listed, described, asked, streamed and left, as clients do it. The demo model answers, so no key is needed.\nIn a case of a recorded run, models and tools answer from the record, and nothing outside is reached.\nIn one that you wrote, tools run, and the model says what the case has; with --upstream yours may be asked.\nExits with 1 where something fails or an agent does not load, and with 2 where the command is wrong.',
    )
    .action((agents: string[], options) =>
      run(async (context) =>
        (await import('./test-agents.ts')).testAgents(context, agents, options),
      ),
    );
}

function parseRepeat(text: string): number {
  const times = Number(text);
  if (/^\d{1,4}$/.test(text) && times >= 1 && times <= MOST_REPEATS) return times;
  throw new InvalidArgumentError(`Give a number from 1 to ${MOST_REPEATS}.`);
}
