import { Command } from 'commander';
import { addAgentCommands } from './agents/agents-commands.ts';
import { addDependencyCommands } from './deps/deps-commands.ts';
import { addKeyCommands } from './keys/keys-commands.ts';
import { examples, jsonOption, portOption, type RunCommand } from './options.ts';
import { readOwnManifest } from './own-manifest.ts';
import { addAuditCommand, addSecurityCommands } from './security/security-commands.ts';

/** Every command, with its help. What a command needs is imported when it runs. */
export function commandTable(run: RunCommand): Command {
  const program = new Command('dropgate')
    .description('Serves agents of the OpenAI Agents SDK, dropped into a folder, as an OpenAI API.')
    .version(readOwnManifest().version, '-v, --version')
    .showHelpAfterError('Run the command with --help to see what it takes.')
    .exitOverride();
  addProjectCommands(program, run);
  addServingCommands(program, run);
  addAgentCommands(program, run);
  addDependencyCommands(program, run);
  addKeyCommands(program, run);
  addSecurityCommands(program, run);
  addAuditCommand(program, run);
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 found problems or could not do it, 2 wrong usage.',
  );
  return program;
}

function addProjectCommands(program: Command, run: RunCommand): void {
  program
    .command('init')
    .description('make this folder a project: package.json, tsconfig.json, .gitignore, SampleAgent')
    .addOption(jsonOption())
    .addHelpText('after', examples('init', 'init --json'))
    .addHelpText('after', '\nA file that is there already is kept as it is.')
    .action((options) =>
      run(async (context) => (await import('./project/init.ts')).init(context, options)),
    );
  program
    .command('new')
    .description('make an agent from a template')
    .argument('<name>', 'name of its folder; the model id is the same in lower case')
    .option('--namespace <name>', 'first half of its model id, such as labs')
    .option('--python', 'an agent in Python; without it, in TypeScript')
    .addOption(jsonOption())
    .addHelpText('after', examples('new Planner', 'new Planner --namespace labs --python'))
    .action((name: string, options) =>
      run(async (context) => (await import('./project/new.ts')).newAgent(context, name, options)),
    );
}

function addServingCommands(program: Command, run: RunCommand): void {
  program
    .command('dev')
    .description('serve this project on this machine, with a key and a first call to paste')
    .addOption(portOption())
    .addHelpText('after', examples('dev', 'dev --port 0'))
    .action((options) =>
      run(async (context) => (await import('./serve/dev.ts')).dev(context, options)),
    );
  program
    .command('start')
    .description('serve this project, with JSON lines as log')
    .addOption(portOption())
    .addHelpText('after', examples('start', 'start --port 80'))
    .action((options) =>
      run(async (context) => (await import('./serve/start.ts')).start(context, options)),
    );
  program
    .command('check')
    .description('load every agent once and tell what is wrong')
    .addOption(jsonOption())
    .addHelpText('after', examples('check', 'check --json'))
    .addHelpText('after', '\nExits with 1 where an agent fails to load or a finding is an error.')
    .action((options) =>
      run(async (context) => (await import('./serve/check.ts')).check(context, options)),
    );
}
