import { join, relative } from 'node:path';
import { toolModuleId } from '../../protocol/module.ts';
import { discoverTools, isToolName, toolsFolder } from '../../registry/discovery/discover-tools.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { writeNew } from './write-new.ts';

/** `dropgate new <name> --tool`: writes a module that gives a tool of the gateway, from a template. */
export async function newTool(
  context: CommandContext,
  name: string,
  options: { readonly python?: true; readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  if (!isToolName(name)) {
    throw new CommandError(
      `${JSON.stringify(name)} cannot be the name of a tool: it begins with a letter and has up to 64 letters, digits, "_" and "-". Take one such as forecast.`,
      exitCodes.wrongUsage,
    );
  }
  const folder = toolsFolder(projectRoot);
  const { modules } = await discoverTools({ projectRoot, folder, serving: new Map() });
  const taken = modules.find(({ agentId }) => agentId === toolModuleId(name));
  if (taken) throw new CommandError(`${taken.modulePath} is there already. Take another name.`);
  const { tools } = await context.loadConfig('new');
  const other = new Map(Object.entries(tools)).get(name);
  if (other && other.kind !== 'module') {
    throw new CommandError(
      `${name} is a tool of the gateway already, of kind ${other.kind}. Take another name.`,
    );
  }
  const file = join(folder, `${name}.${options.python ? 'py' : 'ts'}`);
  const shown = relative(projectRoot, file);
  if (!(await writeNew(file, options.python ? inPython(name) : inTypeScript(name)))) {
    throw new CommandError(`${shown} is there already. Take another name.`);
  }
  const isRunning = (await readRunningGateway(join(projectRoot, '.dropgate'))) !== null;
  const next = isRunning ? 'dropgate tools refresh' : 'dropgate dev';
  if (options.json) terminal.json({ tool: name, file: shown, next });
  else {
    terminal.line(`Made ${shown}, the tool ${name} of the gateway.`);
    terminal.line(`Give it to an agent: tools: [gatewayTool('${name}')]`);
    terminal.line(`Edit it, then: ${next}`);
  }
  return exitCodes.done;
}

function inTypeScript(name: string): string {
  return `import { tool } from '@openai/agents';
import { z } from 'zod';

export default tool({
  name: '${name}',
  description: 'Says what the model is told that it does.',
  parameters: z.object({ text: z.string().describe('What it is about.') }),
  execute: ({ text }) => \`Nothing is known of \${text} yet.\`,
});
`;
}

function inPython(name: string): string {
  return `from agents import function_tool


@function_tool(name_override="${name}")
def ${pythonName(name)}(text: str) -> str:
    """Says what the model is told that it does.

    Args:
        text: What it is about.
    """
    return f"Nothing is known of {text} yet."
`;
}

/** Words of Python that name no function, of those that a name in small letters can be. */
const pythonWords = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

function pythonName(name: string): string {
  const plain = name.replaceAll('-', '_').toLowerCase();
  return pythonWords.has(plain) ? `${plain}_` : plain;
}
