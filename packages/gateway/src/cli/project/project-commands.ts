import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate init|new|types`: they write files. */
export function addProjectCommands(program: Command, run: RunCommand): void {
  program
    .command('init')
    .description('make this folder a project: package.json, tsconfig.json, .gitignore, SampleAgent')
    .option('--docker', 'instead of these, a Dockerfile and a .dockerignore for this project')
    .addOption(jsonOption())
    .addHelpText('after', examples('init', 'init --json', 'init --docker'))
    .addHelpText('after', '\nA file that is there already is kept as it is.')
    .action((options) =>
      run(async (context) =>
        options.docker
          ? (await import('./init-docker.ts')).initDocker(context, options)
          : (await import('./init.ts')).init(context, options),
      ),
    );
  program
    .command('new')
    .description('make an agent from a template, or a tool of the gateway')
    .argument('<name>', 'name of its folder; the model id is the same in lower case')
    .option('--namespace <name>', 'first half of its model id, such as labs')
    .option('--python', 'in Python; without it, in TypeScript')
    .option('--tool', 'a tool in src/tools instead of an agent')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples('new Planner', 'new Planner --namespace labs --python', 'new forecast --tool'),
    )
    .action((name: string, options) =>
      run(async (context) =>
        options.tool
          ? (await import('./new-tool.ts')).newTool(context, name, options)
          : (await import('./new.ts')).newAgent(context, name, options),
      ),
    );
  program
    .command('types')
    .description('write the names of the gateway’s tools down for editors, in gateway-tools.d.ts')
    .addOption(jsonOption())
    .addHelpText('after', examples('types'))
    .addHelpText(
      'after',
      '\nThey are those of the running gateway, or, where none runs, those that the settings name.',
    )
    .action((options) =>
      run(async (context) => (await import('./types.ts')).writeTypes(context, options)),
    );
}
