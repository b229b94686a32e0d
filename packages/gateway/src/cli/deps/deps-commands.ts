import type { Command } from 'commander';
import { examples, jsonOption, type RunCommand } from '../options.ts';

/** `dropgate deps plan|install`: what agents declare, and getting it for them. */
export function addDependencyCommands(program: Command, run: RunCommand): void {
  const deps = program
    .command('deps')
    .description('see and install the packages that agents declare beside their file');
  const agent = [
    '[agent]',
    'its model id, its bare name or its folder; all agents without it',
  ] as const;
  const commands = () => import('./deps-actions.ts');
  deps
    .command('plan')
    .description('show what would be installed where, and why; installs and runs nothing')
    .argument(...agent)
    .addOption(jsonOption())
    .addHelpText('after', examples('deps plan', 'deps plan labs/planner'))
    .addHelpText('after', '\nExits with 1 where something is missing, wrong or cannot be had.')
    .action((named: string | undefined, options) =>
      run(async (context) => (await commands()).planDependencies(context, named, options)),
    );
  deps
    .command('install')
    .description('install what is missing, each agent into its own folder')
    .argument(...agent)
    .option(
      '--allow-scripts',
      'let packages run code to be installed: npm scripts, git, builds in Python',
    )
    .option('--shared', 'only the environment that agents in Python without requirements share')
    .addOption(jsonOption())
    .addHelpText('after', examples('deps install', 'deps install planner --allow-scripts'))
    .addHelpText('after', '\nA gateway that runs on this project then looks at its agents again.')
    .action((named: string | undefined, options) =>
      run(async (context) => (await commands()).installDependencies(context, named, options)),
    );
}
