import { realpath } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule } from '../../protocol/module.ts';
import type { PathProblem } from './agent-files.ts';
import { resolveClashes } from './id-clashes.ts';
import { type AgentFolder, type Root, type Walk, walkRoot } from './walk-root.ts';

/** Something wrong with a folder or file below a root. `modulePath` is the path of what it is about. */
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
  /** Absolute; one that does not exist is empty. What lies in a root within a root belongs to the inner one. */
  readonly roots: readonly string[];
  readonly defaultNamespace: string;
  /** Model id → module path of what serves now: it stays on a clash, and where its folder cannot be read. */
  readonly serving: ReadonlyMap<string, string>;
};

/** Walks the roots and names every module, and what is wrong with the rest. Never runs a module, never throws. */
export async function discover(options: DiscoverOptions): Promise<Discovery> {
  const roots = await distinctRoots(options);
  const walks = await Promise.all(
    roots.map(async (root) => ({ root, walk: await walkRoot(root) })),
  );
  const found: FoundModule[] = [];
  const findings: DiscoveryFinding[] = [];
  for (const { root, walk } of walks) {
    for (const folder of walk.folders) {
      const { module, finding } = toModule(folder, root, options);
      if (module) found.push(module);
      if (finding) findings.push(finding);
    }
    found.push(...hiddenModules(walk, options));
  }
  const entries = new Set(found.map(({ entry }) => entry));
  for (const { root, walk } of walks) {
    // What lies too high in an inner root is a module of the outer one.
    const problems = walk.problems.filter(({ path }) => !entries.has(path));
    findings.push(...problems.map((problem) => toFinding(problem, root, options)));
  }
  const { modules, clashes } = resolveClashes(found, options.serving);
  return { modules, findings: [...findings, ...clashes] };
}

/** The roots, each once however it is written or linked. */
async function distinctRoots({ roots, projectRoot }: DiscoverOptions): Promise<Root[]> {
  const paths = await Promise.all(
    roots.map(async (path) => ({ path, real: await realpath(path).catch(() => path) })),
  );
  const byReal = Map.groupBy(paths, ({ real }) => real);
  return [...byReal.values()].flatMap(([first]) => {
    if (!first) return [];
    const otherRoots = new Set([...byReal.keys()].filter((real) => real !== first.real));
    return [{ ...first, projectRoot, otherRoots }];
  });
}

type Named = { readonly module?: FoundModule; readonly finding?: DiscoveryFinding };

function toModule({ path, files }: AgentFolder, root: Root, options: DiscoverOptions): Named {
  const agentId = idOf(path, root, options.defaultNamespace);
  const [first = '', ...others] = files;
  const entry = join(path, first);
  const wrong = (about: Pick<Finding, 'code' | 'message' | 'hint'>): DiscoveryFinding => ({
    agentId,
    modulePath: relative(options.projectRoot, path),
    finding: { stage: 'discover', severity: 'error', file: entry, ...about },
  });
  if (agentId === null) return { finding: wrong(badName(path, root)) };
  if (others.length === 0) return { module: toFound(agentId, entry, options) };
  const serves = files.find(
    (file) => relative(options.projectRoot, join(path, file)) === options.serving.get(agentId),
  );
  const outcome = serves ? `${serves} keeps serving` : 'one module has one of them';
  const finding = wrong({
    code: 'two_agent_files',
    message: `The folder ${basename(path)} holds ${files.join(' and ')}; ${outcome}.`,
    hint: 'Keep one and rename or move the other, e.g. into a folder of its own.',
  });
  return serves ? { module: toFound(agentId, join(path, serves), options), finding } : { finding };
}

function toFound(agentId: string, entry: string, { projectRoot }: DiscoverOptions): FoundModule {
  const folder = dirname(entry);
  return {
    agentId,
    modulePath: relative(projectRoot, entry),
    entry,
    folder,
    name: basename(folder),
    language: extname(entry) === '.py' ? 'python' : 'node',
  };
}

const idPart = /^[A-Za-z0-9._-]+$/;

/** The model id that a folder gives; null where it gives none. */
function idOf(folder: string, root: Root, defaultNamespace: string): string | null {
  const parts = relative(root.path, folder).split(sep);
  if (parts.length > 2 || !parts.every((part) => idPart.test(part))) return null;
  const named = parts.length === 1 ? [defaultNamespace, ...parts] : parts;
  return named.join('/').toLowerCase();
}

function badName(folder: string, root: Root): Pick<Finding, 'code' | 'message' | 'hint'> {
  const parts = relative(root.path, folder).split(sep);
  const bad = parts.find((part) => !idPart.test(part)) ?? '';
  // Letters with their accents taken off, so that `Café` becomes `Cafe`.
  const plain = bad.normalize('NFKD').replaceAll(/\p{M}/gu, '');
  const better = plain.replaceAll(/[^A-Za-z0-9._]+/g, '-').replaceAll(/^[-._]+|[-._]+$/g, '');
  return {
    code: 'bad_folder_name',
    message: `The folder name ${bad} cannot be a model id: only letters a to z, digits, ".", "_" and "-" can.`,
    hint: better ? `Rename the folder, e.g. to \`${better}\`.` : 'Rename the folder.',
  };
}

function toFinding(problem: PathProblem, root: Root, options: DiscoverOptions): DiscoveryFinding {
  const { path, hides, ...about } = problem;
  const isModuleFolder = hides || about.file !== path;
  return {
    agentId: isModuleFolder ? idOf(path, root, options.defaultNamespace) : null,
    modulePath: relative(options.projectRoot, path) || '.',
    finding: { stage: 'discover', ...about },
  };
}

/** What serves from where nothing can be seen now: it is not gone, and its load says what is wrong. */
function hiddenModules(walk: Walk, options: DiscoverOptions): FoundModule[] {
  const hidden = walk.problems.filter(({ hides }) => hides);
  if (hidden.length === 0) return [];
  return [...options.serving].flatMap(([agentId, modulePath]) => {
    const entry = resolve(options.projectRoot, modulePath);
    return hidden.some(({ path }) => entry.startsWith(path + sep))
      ? [toFound(agentId, entry, options)]
      : [];
  });
}
