import { readdir, realpath } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';

/** A module found on disk. Paths are absolute but `modulePath`, which is below the project root. */
export type FoundModule = {
  readonly agentId: string;
  readonly modulePath: string;
  readonly entry: string;
  readonly folder: string;
  readonly name: string;
  readonly language: 'node' | 'python';
};

/** Something wrong with a folder or file below a root. */
export type DiscoveryFinding = {
  readonly agentId: string | null;
  readonly modulePath: string;
  readonly finding: Finding;
};

export type Discovery = {
  readonly modules: readonly FoundModule[];
  readonly findings: readonly DiscoveryFinding[];
};

export type DiscoverOptions = {
  readonly projectRoot: string;
  /** Absolute; one that does not exist is empty. */
  readonly roots: readonly string[];
  readonly defaultNamespace: string;
  /** Model id → module path of what serves now: on a clash it stays. */
  readonly serving: ReadonlyMap<string, string>;
};

const entryNames = /^agent\.(ts|mts|tsx|js|mjs|cjs|py)$/;
const skippedFolders = /^[._]|^(node_modules|__pycache__)$/;
const idPart = /^[a-z0-9._-]+$/;
const deepestFolder = 2;

/** Walks the roots and names every module, and what is wrong with the rest. Reads folders only, never a module. */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const found: FoundModule[] = [];
  const findings: DiscoveryFinding[] = [];
  for (const root of options.roots) {
    for (const folder of await agentFolders(root, root)) {
      const result = toModule(folder, root, options);
      if ('finding' in result) findings.push(result);
      else found.push(result);
    }
  }
  const { modules, clashes } = settleClashes(found, options.serving);
  return { modules, findings: [...findings, ...clashes] };
}

type AgentFolder = { readonly path: string; readonly entries: readonly string[] };

async function agentFolders(folder: string, root: string): Promise<AgentFolder[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => !entry.isDirectory() && entryNames.test(entry.name));
  if (names.length > 0 && folder !== root) {
    return [{ path: folder, entries: names.map((entry) => entry.name).sort() }];
  }
  const depth = folder === root ? 0 : relative(root, folder).split(sep).length;
  if (depth >= deepestFolder) return [];
  const below: AgentFolder[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (skippedFolders.test(entry.name) || entry.isFile()) continue;
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink() && !(await staysInside(path, root))) continue;
    below.push(...(await agentFolders(path, root)));
  }
  return below;
}

async function staysInside(link: string, root: string): Promise<boolean> {
  const [target, realRoot] = await Promise.all([realpath(link).catch(() => null), realpath(root)]);
  return target?.startsWith(realRoot + sep) ?? false;
}

function toModule(
  folder: AgentFolder,
  root: string,
  options: DiscoverOptions,
): FoundModule | DiscoveryFinding {
  const [entryName = '', ...others] = folder.entries;
  const entry = join(folder.path, entryName);
  const modulePath = relative(options.projectRoot, entry);
  const parts = relative(root, folder.path)
    .split(sep)
    .map((part) => part.toLowerCase());
  const agentId = (parts.length === 1 ? [options.defaultNamespace, ...parts] : parts).join('/');
  const wrong = (code: string, message: string, hint: string): DiscoveryFinding => ({
    agentId,
    modulePath,
    finding: { stage: 'discover', code, severity: 'error', message, file: entry, hint },
  });
  if (others.length > 0) {
    return wrong(
      'two_agent_files',
      `The folder ${basename(folder.path)} holds ${folder.entries.join(' and ')}; one module has one of them.`,
      `Keep one and rename or move the other, e.g. into a folder of its own.`,
    );
  }
  if (!parts.every((part) => idPart.test(part))) {
    return wrong(
      'bad_folder_name',
      `The folder name ${basename(folder.path)} cannot be a model id: only letters, digits, ".", "_" and "-" can.`,
      'Rename the folder.',
    );
  }
  const language = extname(entry) === '.py' ? 'python' : 'node';
  return { agentId, modulePath, entry, folder: folder.path, name: basename(folder.path), language };
}

function settleClashes(found: readonly FoundModule[], serving: ReadonlyMap<string, string>) {
  const byId = Map.groupBy(found, (module) => module.agentId);
  const modules: FoundModule[] = [];
  const clashes: DiscoveryFinding[] = [];
  for (const [agentId, rivals] of byId) {
    const incumbent = rivals.find((module) => module.modulePath === serving.get(agentId));
    const winner = rivals.length === 1 ? rivals[0] : incumbent;
    if (winner) modules.push(winner);
    for (const module of rivals) {
      if (module !== winner) clashes.push(clash(module, rivals, winner));
    }
  }
  return { modules, clashes };
}

function clash(
  module: FoundModule,
  rivals: readonly FoundModule[],
  winner: FoundModule | undefined,
): DiscoveryFinding {
  const paths = rivals.map((rival) => rival.modulePath).join(' and ');
  const outcome = winner ? `${winner.modulePath} keeps serving` : 'neither is served';
  return {
    agentId: module.agentId,
    modulePath: module.modulePath,
    finding: {
      stage: 'discover',
      code: 'id_clash',
      severity: 'error',
      message: `${paths} both want the model id ${module.agentId}; ${outcome}.`,
      file: module.entry,
      hint: 'Rename one of the folders.',
    },
  };
}
