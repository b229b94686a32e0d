import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate tools list|show|call|refresh`: they ask the gateway that runs on this project about its own tools. */
export function addToolCommands(program: Command, run: RunCommand): void {
  const tools = program
    .command('tools')
    .description('ask the gateway that runs on this project about its own tools');
  const commands = () => import('./tools-actions.ts');
  tools
    .command('list')
    .description('list the gateway’s tools with what came of their calls')
    .addOption(jsonOption())
    .addHelpText('after', examples('tools list', 'tools list --json'))
    .action((options) => run(async (context) => (await commands()).listTools(context, options)));
  tools
    .command('show')
    .description('show one of them: what it takes, who uses it, its last error')
    .argument('<tool>', 'its name')
    .addOption(jsonOption())
    .addHelpText('after', examples('tools show fetch_doc'))
    .action((tool, options) =>
      run(async (context) => (await commands()).showTool(context, tool, options)),
    );
  tools
    .command('call')
    .description('call one of them, as the rules let an admin')
    .argument('<tool>', 'its name')
    .argument('[arguments]', 'a JSON object, as a model would give it', '{}')
    .addOption(jsonOption())
    .addHelpText('after', examples(`tools call fetch_doc '{"source": "guide.md"}'`))
    .addHelpText('after', '\nExits with 1 where the call came to nothing.')
    .action((tool, args, options) =>
      run(async (context) => (await commands()).callTool(context, { tool, args }, options)),
    );
  tools
    .command('refresh')
    .description('read the settings of the tools again now')
    .addOption(jsonOption())
    .addHelpText('after', examples('tools refresh'))
    .action((options) => run(async (context) => (await commands()).refreshTools(context, options)));
}
