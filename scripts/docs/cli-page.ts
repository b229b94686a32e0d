import { commandTable } from '../../packages/gateway/src/cli/command-table.ts';
import { completeCommand } from '../../packages/gateway/src/cli/completion/completion-commands.ts';
import { code, pageHead, table } from './markdown.ts';

type Command = ReturnType<typeof commandTable>;

/** Lines of help are broken here, whatever terminal writes the page. */
const helpWidth = 80;

const exitCodes = [
  ['0', 'done'],
  ['1', 'found problems, or could not do it; standard error says why and what to do'],
  ['2', 'wrong usage: an unknown command or option, a value that cannot be'],
];

/** `docs/cli.md`: every command with the help it prints. */
export function cliPage(): string {
  const commands = leavesOf(commandTable(async () => undefined));
  const introduction = [
    'Every command works on the project in the current folder. `--json` prints the result as one JSON document',
    'on standard output; what is about the work itself goes to standard error. `agents`, `tools`, `runs`, `status`,',
    '`upstreams` and `usage` ask the gateway that runs on the project. `keys`, `security`, `audit`, `backup` and',
    '`restore` open the store themselves, so no gateway has to run.',
  ].join('\n');
  const overview = commands.map((command) => [
    `[${code(pathOf(command))}](#${pathOf(command).replaceAll(' ', '-')})`,
    command.description(),
  ]);
  return [
    pageHead('Commands', introduction),
    table(['Command', 'What it does'], overview),
    table(['Exit code', 'Meaning'], exitCodes),
    ...commands.map((command) => `## ${pathOf(command)}\n\n${helpOf(command)}`),
  ].join('\n');
}

/** The commands that do something, in the order of the table. */
function leavesOf(command: Command): readonly Command[] {
  if (command.commands.length === 0) return [command];
  const hidden: string = completeCommand;
  return command.commands.filter((one) => one.name() !== hidden).flatMap(leavesOf);
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

function helpOf(command: Command): string {
  let help = '';
  command
    .configureOutput({
      writeOut: (text) => {
        help += text;
      },
      getOutHelpWidth: () => helpWidth,
      getOutHasColors: () => false,
    })
    .outputHelp();
  return `\`\`\`text\n${help.trim()}\n\`\`\`\n`;
}
