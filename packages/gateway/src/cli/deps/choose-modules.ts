import { relative, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import type { FoundModule } from '../../protocol/module.ts';
import { discover } from '../../registry/discovery/discover.ts';
import { discoverTools, toolsFolder } from '../../registry/discovery/discover-tools.ts';
import { CommandError } from '../command.ts';

/**
 * The modules a command is about: all, or the one that is named by model id, bare name, folder or file.
 *
 * @throws CommandError where none or several have the name.
 */
export async function chooseModules(
  config: Config,
  named: string | undefined,
): Promise<readonly FoundModule[]> {
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace } = config;
  const serving = new Map();
  const [agents, tools] = await Promise.all([
    discover({ projectRoot, roots, defaultNamespace, serving }),
    discoverTools({ projectRoot, folder: toolsFolder(projectRoot), serving }),
  ]);
  const modules = [...agents.modules, ...tools.modules];
  if (named === undefined) return modules.toSorted((a, b) => (a.agentId < b.agentId ? -1 : 1));
  const wanted = named.toLowerCase();
  const path = resolve(config.projectRoot, named);
  const exact = modules.find(
    ({ agentId, folder, entry }) => agentId === wanted || folder === path || entry === path,
  );
  if (exact) return [exact];
  const byName = modules.filter(({ agentId }) => agentId.endsWith(`/${wanted}`));
  if (byName.length === 1) return byName;
  if (byName.length > 1) {
    const ids = byName.map(({ agentId }) => agentId).join(', ');
    throw new CommandError(`Several agents are named ${named}. Give the id of one: ${ids}.`);
  }
  const shown = roots.map((root) => relative(projectRoot, root) || root);
  throw new CommandError(
    `There is no agent ${named} in ${shown.join(' or ')}. \`dropgate check\` tells what there is.`,
  );
}
