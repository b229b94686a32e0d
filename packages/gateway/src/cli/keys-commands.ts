import { type Command, Option } from 'commander';
import { examples, jsonOption, parseDuration, parseList, type RunCommand } from './options.ts';

/** `dropgate keys create|list|revoke`. */
export function addKeyCommands(program: Command, run: RunCommand): void {
  const keys = program.command('keys').description('make, list and revoke API keys');
  const commands = () => import('./keys.ts');
  keys
    .command('create')
    .description('make a key and show it, this once')
    .option('--name <name>', 'what people and rules call it')
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['caller', 'operator', 'admin', 'metrics'])
        .default('caller'),
    )
    .option('--namespaces <names>', 'the only namespaces it reaches, with commas', parseList)
    .option('--agents <globs>', 'the only agents it reaches, such as "labs/*"', parseList)
    .option('--expires <duration>', 'how long it works, such as 30d, 12h or 45m', parseDuration)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        'keys create --role admin',
        'keys create --name alice --agents "labs/*" --expires 30d',
      ),
    )
    .action((options) => run(async (context) => (await commands()).createKey(context, options)));
  keys
    .command('list')
    .description('list every key, never its secret')
    .addOption(jsonOption())
    .addHelpText('after', examples('keys list'))
    .action((options) => run(async (context) => (await commands()).listKeys(context, options)));
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
