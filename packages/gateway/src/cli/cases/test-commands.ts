import { type Command, InvalidArgumentError } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** More would say nothing that fewer do not. */
const MOST_REPEATS = 1000;

/** `dropgate test`: it runs a gateway of its own. */
export function addTestCommand(program: Command, run: RunCommand): void {
  program
    .command('test')
    .description('play the cases in the tests folder beside each agent')
    .argument('[agents...]', 'model ids, or bare names that only one agent has; all without them')
    .option('--repeat <n>', 'play each case so often, and tell how often it held', parseRepeat, 1)
    .option('--junit <file>', 'write a report in JUnit’s XML there too')
    .addOption(jsonOption())
    .addHelpText('after', examples('test', 'test planner --repeat 10', 'test --junit report.xml'))
    .addHelpText(
      'after',
      '\nIn a case of a recorded run, models and tools answer from the record: no key is needed and nothing outside is reached.\nIn one that you wrote, tools run, and the model says what the case has, or is asked.\nExits with 1 where a case fails, an agent fails to load, or there is no case.',
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
