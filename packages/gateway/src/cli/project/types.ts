import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toolsAnswer } from '../../protocol/admin/tools-answer.ts';
import { connectGateway } from '../agents/gateway-client.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { count } from '../text-layout.ts';
import { isToolTypesFile, namedTools, toolTypesFile, toolTypesPath } from './tool-types.ts';

const readTimeoutMs = 15_000;

/**
 * `dropgate types`: writes the names of the gateway's tools into a declaration file: those that the running gateway has,
 * where one runs, else those that the settings name.
 */
export async function writeTypes(
  context: CommandContext,
  options: { readonly json?: true },
): Promise<number> {
  const { terminal, projectRoot } = context;
  const running = await askNames(projectRoot);
  const names = running ?? (await namedTools(await context.loadConfig('new')));
  const file = join(projectRoot, toolTypesPath);
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before !== null && !isToolTypesFile(before)) {
    throw new CommandError(
      `${toolTypesPath} was not written by this command, so it stays as it is. Move it out of the way.`,
    );
  }
  await replace(file, toolTypesFile(names));
  const source = running ? 'running gateway' : 'settings';
  if (options.json) terminal.json({ file: toolTypesPath, tools: names, source });
  else {
    terminal.line(`Wrote ${toolTypesPath}: ${count(names.length, 'tool')} of the ${source}.`);
    if (!running)
      terminal.note('Tools of MCP servers and of API documents are known while the gateway runs.');
  }
  return exitCodes.done;
}

/** Null where no gateway runs. */
async function askNames(projectRoot: string): Promise<string[] | null> {
  try {
    const gateway = await connectGateway(projectRoot);
    const question = { method: 'GET', path: '/admin/tools', answer: toolsAnswer } as const;
    const { tools } = await gateway({ ...question, timeoutMs: readTimeoutMs });
    return tools.map(({ name }) => name);
  } catch (error) {
    if (error instanceof CommandError) return null;
    throw error;
  }
}

/** No editor reads it half written. */
async function replace(file: string, text: string): Promise<void> {
  const unseen = `${file}.${process.pid}`;
  try {
    await writeFile(unseen, text);
    await rename(unseen, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`${file} cannot be written (${code}). Correct the permissions.`);
  }
}
