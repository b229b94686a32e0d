import { basename, extname, join } from 'node:path';
import { agentFileName, type PathProblem, problemAt } from './agent-files.ts';
import { readAgentSign } from './agent-signs.ts';

/**
 * What comes nearest to an agent file in a folder that has none: a name that is almost right, else a file that builds
 * an agent under another name. Null in a folder of helpers.
 *
 * @param names - Of the folder's regular files.
 * @param around - `explained` where agents lie below the folder, so that it needs none itself; `shown` is the folder's
 *   path as people know it.
 */
export async function findMisnamed(
  folder: string,
  names: readonly string[],
  around: { readonly explained: 'yes' | 'no'; readonly shown: string },
): Promise<PathProblem | null> {
  for (const name of names) {
    const near = nearName(name);
    if (!near) continue;
    const file = join(folder, name);
    // The plural is a likely name for helpers too.
    const isSure = near.code !== 'agent_file_plural' || (await readAgentSign(file)) === 'builds';
    return problemAt(folder, {
      code: near.code,
      severity: isSure && around.explained === 'no' ? 'error' : 'warning',
      message: `${around.shown}/${name} is not served: ${near.why}`,
      file,
      hint: renameHint(folder, near.instead),
    });
  }
  return around.explained === 'yes' ? null : findOtherName(folder, names, around.shown);
}

function renameHint(folder: string, instead: string): string {
  return `Rename it to \`${instead}\`, or the folder to \`_${basename(folder)}\` if it only helps others.`;
}

/** Endings people give an agent's file that no worker runs, and the ending that does. */
const otherEndings: ReadonlyMap<string, string> = new Map([
  ['jsx', 'tsx'],
  ['cts', 'ts'],
  ['pyw', 'py'],
  ['ts.txt', 'ts'],
  ['js.txt', 'js'],
  ['py.txt', 'py'],
]);

type NearName = { readonly code: string; readonly why: string; readonly instead: string };

/** How a name falls short of `agent.ts`; null for any other name. */
export function nearName(name: string): NearName | null {
  const lower = name.toLowerCase();
  if (agentFileName.test(name)) return null;
  if (agentFileName.test(lower)) {
    return {
      code: 'agent_file_wrong_case',
      why: `the file is called ${lower}, in lower case.`,
      instead: lower,
    };
  }
  const [, plural, ending = ''] = /^agent(s?)\.(.+)$/.exec(lower) ?? [];
  const served = otherEndings.get(ending) ?? ending;
  const instead = `agent.${served}`;
  if (!agentFileName.test(instead)) return null;
  return plural
    ? { code: 'agent_file_plural', why: `the file is called ${instead}, without an s.`, instead }
    : {
        code: 'agent_file_wrong_ending',
        why: `an agent's file does not end in .${ending}.`,
        instead,
      };
}

const codeFile = /\.(ts|mts|cts|tsx|js|mjs|cjs|jsx|py)$/i;
const noAgentFile = /\.(d|test|spec)\.\w+$/i;

/** Source files whose content can tell that they were meant as agents. */
export function codeFiles(names: readonly string[]): string[] {
  return names.filter((name) => codeFile.test(name) && !noAgentFile.test(name));
}

async function findOtherName(
  folder: string,
  names: readonly string[],
  shown: string,
): Promise<PathProblem | null> {
  const own = basename(folder).toLowerCase();
  const isUsual = (name: string) => usualNames.includes(stemOf(name)) || stemOf(name) === own;
  const candidates = codeFiles(names).filter((name) => isUsual(name) || /agent/i.test(name));
  const signs = await Promise.all(
    candidates.map(async (name) => ({ name, sign: await readAgentSign(join(folder, name)) })),
  );
  const likely =
    signs.find(({ name, sign }) => sign === 'builds' && isUsual(name)) ??
    signs.find(({ sign }) => sign === 'builds') ??
    signs.find(({ name, sign }) => sign === 'imports' && isUsual(name));
  if (!likely) return null;
  const { name, sign } = likely;
  const instead = servedName(name);
  return problemAt(folder, {
    code: 'agent_file_misnamed',
    severity: sign === 'builds' && isUsual(name) ? 'error' : 'warning',
    message: `${shown}/${name} looks like an agent, but the folder has no ${instead}, so nothing is served from it.`,
    file: join(folder, name),
    hint: renameHint(folder, instead),
  });
}

/** Where people put the one thing a folder is about. */
const usualNames: readonly string[] = ['index', 'main', 'app', '__init__', '__main__'];

function stemOf(name: string): string {
  return basename(name, extname(name)).toLowerCase();
}

/** `agent` with the ending of a source file, or the one that is served in its stead. */
export function servedName(name: string): string {
  const ending = extname(name).slice(1).toLowerCase();
  return `agent.${otherEndings.get(ending) ?? ending}`;
}
