import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Config } from '../../config/config.ts';
import { readRunningGateway } from '../../storage/running-gateway.ts';
import { type CommandContext, CommandError, exitCodes } from '../command.ts';
import { agentFile, pythonAgentFile } from './agent-templates.ts';
import { writeNew } from './write-new.ts';

/** Folder names that discovery walks and that make a model id. */
const namePattern = /^[a-z0-9][a-z0-9._-]{0,99}$/i;
const unwalkedNames = new Set(['node_modules']);

export type NewOptions = {
  readonly namespace?: string;
  readonly python?: true;
  readonly json?: true;
};

/** `dropgate new <Name>`: writes an agent from a template into the first of the project's agent folders. */
export async function newAgent(
  context: CommandContext,
  name: string,
  options: NewOptions,
): Promise<number> {
  const { terminal, projectRoot } = context;
  requireName(name, 'name');
  if (options.namespace !== undefined) requireName(options.namespace, 'namespace');
  const config = await context.loadConfig('new');
  const place = placeOf(config, name, options.namespace);
  await requireFree(config, place);
  const [fileName, template] = options.python
    ? ['agent.py', pythonAgentFile]
    : ['agent.ts', agentFile];
  const file = join(config.agentRoots[0] ?? projectRoot, ...place.folders, fileName);
  const shown = relative(projectRoot, file);
  if (!(await writeNew(file, template(name)))) {
    throw new CommandError(`${shown} is there already. Take another name.`);
  }
  const isRunning = (await readRunningGateway(join(projectRoot, '.dropgate'))) !== null;
  const next = isRunning ? 'dropgate agents refresh' : 'dropgate dev';
  if (options.json) {
    terminal.json({ id: place.id, file: shown, next });
    return exitCodes.done;
  }
  terminal.line(`Made ${shown}, served as model ${place.id}.`);
  terminal.line(
    isRunning
      ? `Edit it. With \`dropgate dev\` each save is live by itself, with \`dropgate start\` after: ${next}`
      : `Edit it, then: ${next}`,
  );
  return exitCodes.done;
}

function requireName(name: string, what: 'name' | 'namespace'): void {
  if (namePattern.test(name) && !unwalkedNames.has(name.toLowerCase())) return;
  const hint =
    what === 'name' && name.split('/').every((part) => namePattern.test(part))
      ? ' For a namespace use --namespace.'
      : ` Take one such as ${what === 'name' ? 'Planner' : 'labs'}.`;
  throw new CommandError(
    `${JSON.stringify(name)} cannot be the ${what} of an agent: it begins with a letter or digit and has up to 100 letters, digits, ".", "_" and "-".${hint}`,
    exitCodes.wrongUsage,
  );
}

/** Where an agent goes: its model id, and its folders below a root. */
type Place = { readonly id: string; readonly folders: readonly string[] };

function placeOf(config: Config, name: string, namespace: string | undefined): Place {
  const given = namespace?.toLowerCase() ?? config.namespace;
  return {
    id: `${given}/${name.toLowerCase()}`,
    folders: given === config.namespace || namespace === undefined ? [name] : [namespace, name],
  };
}

/** Refuses a place whose model id is another folder's already, or which discovery would not reach. */
async function requireFree(config: Config, { id, folders }: Place): Promise<void> {
  const [namespace, name] = id.split('/');
  for (const root of config.agentRoots) {
    const below = await readdir(root).catch(() => []);
    const spaces = below.filter((folder) => folder.toLowerCase() === namespace);
    const candidates = [
      ...(namespace === config.namespace ? below.map((folder) => [folder]) : []),
      ...(await Promise.all(spaces.map((space) => foldersIn(root, space)))).flat(),
    ];
    const taken = candidates.find((path) => path.at(-1)?.toLowerCase() === name);
    if (taken) {
      const shown = relative(config.projectRoot, join(root, ...taken));
      throw new CommandError(`${shown} is there already. Take another name.`);
    }
  }
  if (folders.length < 2) return;
  const parent = join(config.agentRoots[0] ?? config.projectRoot, folders[0] ?? '');
  const entries = await readdir(parent).catch(() => []);
  if (!entries.some((entry) => /^agent\.(m?ts|tsx|[cm]?js|py)$/.test(entry))) return;
  throw new CommandError(
    `${relative(config.projectRoot, parent)} is an agent itself, so it cannot hold others. Take another namespace.`,
  );
}

async function foldersIn(root: string, namespace: string): Promise<string[][]> {
  const names = await readdir(join(root, namespace)).catch(() => []);
  return names.map((name) => [namespace, name]);
}
