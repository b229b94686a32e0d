import { type Command, Option } from 'commander';
import { roles } from '../../protocol/policy.ts';
import { defaultOverlapSeconds } from '../../protocol/security/security-limits.ts';
import { runLimitNames } from '../../protocol/usage/run-limits.ts';
import {
  examples,
  jsonOption,
  parseDollars,
  parseDuration,
  parseLimitOfKey,
  parseList,
  parseOverlap,
  parseRunLimits,
  type RunCommand,
} from '../options.ts';

/** `dropgate keys create|list|limit|rotate|revoke`. */
export function addKeyCommands(program: Command, run: RunCommand): void {
  const keys = program.command('keys').description('make, list, limit, rotate and revoke API keys');
  addCreateCommand(keys, run);
  keys
    .command('list')
    .description('list every key, never its secret')
    .addOption(jsonOption())
    .addHelpText('after', examples('keys list'))
    .action((options) => run(async (context) => (await commands()).listKeys(context, options)));
  addLimitCommand(keys, run);
  keys
    .command('rotate')
    .description('make a key in place of another, which goes on working for a while')
    .argument('<key>', 'its id, or a name that only it has')
    .addOption(
      new Option('--overlap <duration>', 'how long the old one works on: 0, or such as 24h')
        .argParser(parseOverlap)
        .default(defaultOverlapSeconds, '1h'),
    )
    .addOption(jsonOption())
    .addHelpText('after', examples('keys rotate alice', 'keys rotate alice --overlap 24h --json'))
    .action((key: string, options) =>
      run(async (context) => (await commands()).rotateKey(context, key, options)),
    );
  keys
    .command('revoke')
    .description('end a key; a running gateway refuses it within a second')
    .argument('<key>', 'its id, or a name that only it has')
    .addOption(jsonOption())
    .addHelpText('after', examples('keys revoke alice'))
    .action((key: string, options) =>
      run(async (context) => (await commands()).revokeKey(context, key, options)),
    );
}

function addCreateCommand(keys: Command, run: RunCommand): void {
  const create = keys
    .command('create')
    .description('make a key and show it, this once')
    .option('--name <name>', 'what people and rules call it')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('caller'))
    .option('--namespaces <names>', 'the only namespaces it reaches, with commas', parseList)
    .option('--agents <globs>', 'the only agents it reaches, such as "labs/*"', parseList)
    .option('--expires <duration>', 'how long it works, such as 30d, 12h or 45m', parseDuration);
  addLimitOptions(create, (parse) => parse)
    .option('--forwards-users', 'it says for whom of its users a request is, as a chat UI does')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'keys create --role admin',
        'keys create --name alice --agents "labs/*" --expires 30d',
        'keys create --name ci --requests-per-minute 60 --tokens-per-day 200000',
        'keys create --name shop --usd-per-day 5 --usd-per-month 100',
        'keys create --name webui --forwards-users',
        'keys create --name bot --run-limits max_model_calls=20,max_cost_usd=0.5',
      ),
    )
    .addHelpText('after', '\nWhere a limit is not given, `security.limits` of gateway.yaml holds.')
    .action((options) => run(async (context) => (await commands()).createKey(context, options)));
}

function addLimitCommand(keys: Command, run: RunCommand): void {
  const limit = keys
    .command('limit')
    .description('give a key other limits; they hold within a second')
    .argument('<key>', 'its id, or a name that only it has');
  addLimitOptions(limit, orNone)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('keys limit alice --requests-per-minute 60', 'keys limit alice --usd-per-day none'),
    )
    .addHelpText('after', '\nA limit that is not given stays as it is; `none` is without one.')
    .action((key: string, options) =>
      run(async (context) => (await commands()).limitKey(context, key, options)),
    );
}

type Parse<Value> = (text: string) => Value;

/** The options that say what a key may use. */
function addLimitOptions(
  command: Command,
  taken: <Value>(parse: Parse<Value>) => Parse<Value | 'none'>,
): Command {
  const [count, dollars] = [taken(parseLimitOfKey), taken(parseDollars)];
  return command
    .option('--requests-per-minute <count>', 'requests in a minute at most', count)
    .option('--concurrent-runs <count>', 'runs at a time at most', count)
    .option('--tokens-per-day <count>', 'tokens in a UTC day at most', count)
    .option('--tokens-per-month <count>', 'tokens in a UTC month at most', count)
    .option('--usd-per-day <dollars>', 'cost of model calls in a UTC day at most', dollars)
    .option('--usd-per-month <dollars>', 'the same in a UTC month', dollars)
    .option(
      '--run-limits <limits>',
      `limits of each run, with commas: ${Object.values(runLimitNames).join(', ')}`,
      taken(parseRunLimits),
    );
}

/** The same, and `none`, which takes a limit away. */
function orNone<Value>(parse: Parse<Value>): Parse<Value | 'none'> {
  return (text) => (text === 'none' ? text : parse(text));
}

function commands() {
  return import('./keys-actions.ts');
}
