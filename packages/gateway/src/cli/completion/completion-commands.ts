import { Argument, type Command } from 'commander';
import { examples, type RunCommand } from '../options.ts';
import { shells } from './shells.ts';

/** What the scripts of shells ask for what may come next; no help shows it. */
export const completeCommand = '__complete';

/** `dropgate completion bash|zsh|fish`, and what the scripts that it prints ask. */
export function addCompletionCommands(program: Command, run: RunCommand): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete commands, agents and keys')
    .addArgument(new Argument('<shell>', 'for which shell').choices(Object.keys(shells)))
    .addHelpText('after', examples('completion bash', 'completion zsh', 'completion fish'))
    .addHelpText(
      'after',
      [
        '',
        'It works where the shell finds dropgate by its name. To have it in each shell:',
        "  bash  echo 'source <(dropgate completion bash)' >> ~/.bashrc",
        "  zsh   echo 'source <(dropgate completion zsh)' >> ~/.zshrc, behind compinit",
        '  fish  dropgate completion fish > ~/.config/fish/completions/dropgate.fish',
      ].join('\n'),
    )
    .action((shell: keyof typeof shells) =>
      run(async ({ terminal }) => {
        terminal.line(shells[shell]);
        return 0;
      }),
    );
  program
    .command(completeCommand, { hidden: true })
    .argument('[words...]')
    .action((words: readonly string[]) =>
      run(async (context) => (await import('./complete.ts')).complete(context, program, words)),
    );
}
