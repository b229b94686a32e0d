import { lstat } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { type PathProblem, problemAt } from './agent-files.ts';
import { explainLink } from './folder-links.ts';

/** Roots that need not exist: they are looked for in every project. Below the project root. */
const conventionalRoots = [join('src', 'agents'), 'agents'];

/**
 * Why a folder below a root could not be listed. One that went in between is no news.
 *
 * @param code - Of the system's error.
 * @param shown - The path as people know it.
 */
export function explainFolder(folder: string, code: string, shown: string): PathProblem[] {
  const isGone = code === 'ENOENT' || code === 'ENOTDIR';
  if (isGone && !basename(folder).includes('\uFFFD')) return [];
  if (isGone) {
    return [
      problemAt(folder, {
        code: 'bad_folder_name',
        message: `The name of the folder ${shown} is not valid UTF-8.`,
        hint: 'Rename the folder.',
      }),
    ];
  }
  return [
    problemAt(folder, {
      code: 'folder_unreadable',
      message: `The folder ${shown} cannot be read (${code}).`,
      hint: 'Let the user the gateway runs as read and enter it (`chmod u+rx`), then refresh.',
      hides: true,
    }),
  ];
}

/** Why a root could not be listed; nothing where it is one that need not exist. */
export async function explainRoot(
  root: { readonly path: string; readonly projectRoot: string },
  code: string,
  shown: string,
): Promise<PathProblem[]> {
  const { path, projectRoot } = root;
  if (code === 'ENOTDIR') {
    return [
      problemAt(path, {
        code: 'root_not_folder',
        message: `${shown} is a file, but agents are folders below a folder of that name.`,
        hint: 'Move the file away, or name another folder in GATEWAY_AGENTS_DIR.',
      }),
    ];
  }
  const isLink = await lstat(path).then(
    (stats) => stats.isSymbolicLink(),
    () => false,
  );
  if (isLink && (code === 'ENOENT' || code === 'ELOOP')) return [explainLink(path, code, shown)];
  if (code !== 'ENOENT') return explainFolder(path, code, shown);
  const needNotExist = conventionalRoots.some((name) => join(projectRoot, name) === path);
  return needNotExist ? [] : [missingRoot(path, shown)];
}

function missingRoot(path: string, shown: string): PathProblem {
  // Several folders in one name are a list with the wrong mark between them.
  const isList = /[,;]/.test(shown);
  return problemAt(path, {
    code: 'root_missing',
    message: `Agents are looked for in ${shown}, which does not exist.`,
    hint: isList
      ? `Put "${delimiter}" between the folders in GATEWAY_AGENTS_DIR.`
      : 'Make the folder, or name another one in GATEWAY_AGENTS_DIR (`agents_dir` in gateway.yaml).',
  });
}
