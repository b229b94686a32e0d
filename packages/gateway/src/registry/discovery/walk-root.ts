import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { agentFileName, isWalked, type PathProblem, problemAt } from './agent-files.ts';
import { explainLink, followLink } from './folder-links.ts';
import { findMisnamed } from './misnamed-files.ts';
import { findStrays } from './stray-files.ts';
import { explainFolder, explainRoot } from './unread-folder.ts';

/** A folder with agent files, by name. */
export type AgentFolder = { readonly path: string; readonly files: readonly string[] };

/** What lies below a root: folders with agent files, and what comes near one or cannot be seen. */
export type Walk = {
  readonly folders: readonly AgentFolder[];
  readonly problems: readonly PathProblem[];
};

/** `real` is the root with links followed; `otherRoots` are the others like that, which are walked on their own. */
export type Root = {
  readonly path: string;
  readonly real: string;
  readonly projectRoot: string;
  readonly otherRoots: ReadonlySet<string>;
};

/** A module lies one folder below a root, or two with a namespace. */
const deepestModule = 2;
/** How far down agents are looked for that lie too deep. */
const deepestLook = 4;

/** Walks one root. Reads folders, and heads of files that may be misnamed agents. Never throws; no root is empty. */
export async function walkRoot(root: Root): Promise<Walk> {
  const listing = await list(root.path);
  if ('code' in listing)
    return {
      folders: [],
      problems: await explainRoot(root, listing.code, shownIn(root, root.path)),
    };
  const strays = await findStrays(root.path, fileNames(listing.entries), shownIn(root, root.path));
  const below = await walkBelow(
    { path: root.path, real: root.real, depth: 0 },
    listing.entries,
    root,
  );
  return joinWalks([{ folders: [], problems: strays }, below]);
}

type Folder = { readonly path: string; readonly real: string; readonly depth: number };

const nothing: Walk = { folders: [], problems: [] };

async function walkFolder(folder: Folder, root: Root): Promise<Walk> {
  const { path, depth } = folder;
  const shown = shownIn(root, path);
  const listing = await list(path);
  if ('code' in listing) {
    if (root.otherRoots.has(folder.real)) return nothing;
    return { folders: [], problems: explainFolder(path, listing.code, shown) };
  }
  const { entries } = listing;
  const { files, unusable } = await agentFilesOf(path, entries, shown);
  if (files.length > 0) {
    if (depth <= deepestModule) return { folders: [{ path, files }], problems: [] };
    return { folders: [], problems: [tooDeep(path, files[0] ?? '', root)] };
  }
  if (root.otherRoots.has(folder.real)) return nothing;
  const below = depth < deepestLook ? await walkBelow(folder, entries, root) : nothing;
  if (depth > deepestModule) return below;
  if (unusable) return joinWalks([below, { folders: [], problems: [unusable] }]);
  const explained = below.folders.length > 0 ? 'yes' : 'no';
  const misnamed = await findMisnamed(path, fileNames(entries), { explained, shown });
  if (!misnamed) return below;
  // Where the folder itself was meant as the agent, what is below belongs to it.
  const problems =
    explained === 'yes' ? below.problems : below.problems.filter(({ hides }) => hides);
  return { folders: below.folders, problems: [...problems, misnamed] };
}

async function walkBelow(folder: Folder, entries: readonly Dirent[], root: Root): Promise<Walk> {
  const walks = entries
    .filter(({ name }) => isWalked(name) && !(folder.depth > 0 && agentFileName.test(name)))
    .map(async (entry): Promise<Walk> => {
      const path = join(folder.path, entry.name);
      const depth = folder.depth + 1;
      if (entry.isDirectory()) {
        return walkFolder({ path, real: join(folder.real, entry.name), depth }, root);
      }
      if (!entry.isSymbolicLink() || depth > deepestModule) return nothing;
      const from = { real: folder.real, realRoot: root.real };
      const followed = await followLink(path, from, shownIn(root, path));
      if (followed.type === 'problem') return { folders: [], problems: [followed.problem] };
      return followed.type === 'folder'
        ? walkFolder({ path, real: followed.real, depth }, root)
        : nothing;
    });
  return joinWalks(await Promise.all(walks));
}

function joinWalks(walks: readonly Walk[]): Walk {
  return {
    folders: walks.flatMap(({ folders }) => folders),
    problems: walks.flatMap(({ problems }) => problems),
  };
}

async function list(folder: string): Promise<{ entries: Dirent[] } | { code: string }> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return { entries: entries.sort((a, b) => (a.name < b.name ? -1 : 1)) };
  } catch (error) {
    return { code: errorCode(error) };
  }
}

/** The folder's agent files that can be opened as files, and what is wrong with the first that cannot. */
async function agentFilesOf(folder: string, entries: readonly Dirent[], shown: string) {
  const files: string[] = [];
  let unusable: PathProblem | null = null;
  for (const entry of entries.filter(({ name }) => agentFileName.test(name))) {
    const wrong = entry.isFile()
      ? null
      : await explainNoFile(join(folder, entry.name), `${shown}/${entry.name}`);
    if (wrong) unusable ??= { ...wrong, path: folder };
    else files.push(entry.name);
  }
  return { files, unusable };
}

async function explainNoFile(path: string, shown: string): Promise<PathProblem | null> {
  try {
    const stats = await stat(path);
    if (stats.isFile()) return null;
    return problemAt(path, {
      code: 'agent_file_not_file',
      message: `${shown} is ${stats.isDirectory() ? 'a folder' : 'a pipe, socket or device'}, not a file.`,
      hint: 'Put a file in its place.',
      hides: true,
    });
  } catch (error) {
    return explainLink(path, errorCode(error), shown);
  }
}

function tooDeep(folder: string, file: string, root: Root): PathProblem {
  const name = basename(folder);
  const [namespace = ''] = relative(root.path, folder).split(sep);
  const at = shownIn(root, root.path);
  return problemAt(folder, {
    code: 'agent_too_deep',
    message: `${shownIn(root, join(folder, file))} is not served: an agent lies one folder below ${at}, or two with a namespace.`,
    file: join(folder, file),
    hint: `Move the folder up, to \`${at}/${name}\` or \`${at}/${namespace}/${name}\`.`,
  });
}

function fileNames(entries: readonly Dirent[]): string[] {
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The path below the project root, which is `.` itself. */
function shownIn({ projectRoot }: Root, path: string): string {
  return relative(projectRoot, path) || '.';
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
