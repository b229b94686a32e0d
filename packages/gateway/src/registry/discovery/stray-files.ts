import { basename, extname, join } from 'node:path';
import { agentFileName, type PathProblem, problemAt } from './agent-files.ts';
import { readAgentSign } from './agent-signs.ts';
import { codeFiles, nearName, servedName } from './misnamed-files.ts';

/** Helpers may be called so. */
const plural = 'agent_file_plural';

/** More loose files than this in one root are no agents that lack a folder. */
const loosestRoot = 50;

/**
 * Agents that lie in a root itself, without the folder that would name them.
 *
 * @param names - Of the root's regular files.
 * @param shown - The root's path as people know it.
 */
export async function findStrays(
  root: string,
  names: readonly string[],
  shown: string,
): Promise<PathProblem[]> {
  const near = names.filter(
    (name) => agentFileName.test(name) || (nearName(name)?.code ?? plural) !== plural,
  );
  const others = codeFiles(names).filter((name) => !near.includes(name));
  const loose = await Promise.all(
    others.slice(0, loosestRoot).map(async (name) => {
      const sign = await readAgentSign(join(root, name));
      return sign === 'builds' ? [withoutFolder(root, name, shown)] : [];
    }),
  );
  return [...near.map((name) => inRoot(root, name, shown)), ...loose.flat()];
}

function inRoot(root: string, name: string, shown: string): PathProblem {
  const instead = agentFileName.test(name) ? name : (nearName(name)?.instead ?? name);
  return problemAt(join(root, name), {
    code: 'agent_in_root',
    message: `${shown}/${name} is not served: it lies one folder too high, and the folder names the agent.`,
    hint: `Move it into a folder of its own, e.g. \`${shown}/MyAgent/${instead}\`.`,
  });
}

/** Agents may share such a file, so it is no more than a guess. */
function withoutFolder(root: string, name: string, shown: string): PathProblem {
  const folder = basename(name, extname(name));
  return problemAt(join(root, name), {
    code: 'agent_without_folder',
    severity: 'warning',
    message: `${shown}/${name} looks like an agent, but an agent is a folder with ${servedName(name)}.`,
    hint: `Move it to \`${shown}/${folder}/${servedName(name)}\`, or into \`${shown}/_shared\` if it only helps others.`,
  });
}
