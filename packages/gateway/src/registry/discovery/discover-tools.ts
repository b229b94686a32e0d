import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import { type FoundModule, toolModuleId } from '../../protocol/module.ts';
import type { Discovery, DiscoveryFinding } from './discover.ts';

export type DiscoverToolsOptions = {
  readonly projectRoot: string;
  /** Absolute; one that does not exist is empty. */
  readonly folder: string;
  /** Module id → module path of what serves now: it stays on a clash, and where the folder cannot be read. */
  readonly serving: ReadonlyMap<string, string>;
};

/** Codes of what is found wrong before any module is run. */
export const toolDiscoveryCodes: readonly string[] = [
  'two_tool_files',
  'tool_name_unusable',
  'tools_folder_unreadable',
];

/** Whether a file or folder of this name can give a tool: what models take for one, and no underscore first. */
export function isToolName(name: string): boolean {
  return toolFolder.test(name) && name !== 'node_modules';
}

/** Where modules that give a tool lie. */
export function toolsFolder(projectRoot: string): string {
  return join(projectRoot, 'src/tools');
}

const script = /^(?<name>[A-Za-z][A-Za-z0-9_-]{0,63})\.(?:ts|mts|tsx|js|mjs|cjs|py)$/;
const toolFile = /^tool\.(?:ts|mts|tsx|js|mjs|cjs|py)$/;
const toolFolder = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/**
 * Finds every module that gives a tool: `<name>.ts` or `.py` in the folder, or `<name>/tool.ts` or `.py`. What begins with
 * `_` or `.` is no tool. Never runs a module, never throws.
 */
export async function discoverTools(options: DiscoverToolsOptions): Promise<Discovery> {
  const { folder, serving, projectRoot } = options;
  const entries = await list(folder);
  if (entries === null) return unreadable(options);
  const files = await Promise.all(entries.map((entry) => toolsAt(folder, entry)));
  const found = files.flat().map((entry) => toFound(entry, projectRoot));
  const byId = Map.groupBy(found, ({ agentId }) => agentId);
  const modules: FoundModule[] = [];
  const findings = entries.filter(isMisnamed).map((entry) => misnamed(options, entry));
  for (const [id, same] of byId) {
    const [first] = same;
    const kept =
      same.length === 1 ? first : same.find(({ modulePath }) => modulePath === serving.get(id));
    if (kept) modules.push(kept);
    if (same.length > 1 && first) findings.push(clash(id, same, kept ?? null));
  }
  return { modules, findings };
}

/**
 * Whether a file gives another tool, beside one that is a single file: they share a folder. What of these a module
 * imports is one of the files that it was loaded from.
 */
export function isOfAnotherTool(path: string, module: FoundModule): boolean {
  const { entry, folder, serves } = module;
  if (serves !== 'tool' || path === entry || toolFile.test(basename(entry))) return false;
  const [first = '', second, ...deeper] = relative(folder, path).split(sep);
  if (second === undefined) return script.test(first);
  return deeper.length === 0 && isToolName(first) && toolFile.test(second);
}

const anyScript = /\.(?:ts|mts|tsx|js|mjs|cjs|py)$/;

/** What lies beside modules and is none: types, tests, and what its name takes out. */
const beside = /^[._]|\.d\.[mc]?ts$|\.(?:test|spec)\.\w+$|_test\.py$/;

/** A file that looks like a module, of a name that no tool can have. */
function isMisnamed({ name }: Dirent): boolean {
  return anyScript.test(name) && !script.test(name) && !beside.test(name);
}

function misnamed(
  { folder, projectRoot }: DiscoverToolsOptions,
  { name }: Dirent,
): DiscoveryFinding {
  const file = join(folder, name);
  const modulePath = relative(projectRoot, file);
  const finding: Finding = {
    stage: 'discover',
    code: 'tool_name_unusable',
    severity: 'warning',
    message: `${modulePath} gives no tool: its name is none that models take.`,
    file,
    hint: 'Begin with a letter, and use up to 64 letters, digits, "_" and "-". A file that is no tool begins with "_".',
  };
  return { agentId: null, modulePath, finding };
}

/** Null where it cannot be read. */
async function list(folder: string): Promise<Dirent[] | null> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? [] : null;
  }
}

async function toolsAt(folder: string, entry: Dirent): Promise<string[]> {
  const path = join(folder, entry.name);
  const kind = entry.isSymbolicLink() ? await stat(path).catch(() => null) : entry;
  if (kind?.isFile()) return script.test(entry.name) ? [path] : [];
  if (!kind?.isDirectory() || !isToolName(entry.name)) return [];
  const inside = (await list(path)) ?? [];
  return inside
    .filter((each) => toolFile.test(each.name) && !each.isDirectory())
    .map((each) => join(path, each.name));
}

function toFound(entry: string, projectRoot: string): FoundModule {
  const folder = dirname(entry);
  const file = entry.slice(folder.length + 1);
  const name = toolFile.test(file) ? lastOf(folder) : (script.exec(file)?.groups?.name ?? file);
  return {
    agentId: toolModuleId(name),
    modulePath: relative(projectRoot, entry),
    entry,
    folder,
    name,
    language: extname(entry) === '.py' ? 'python' : 'node',
    serves: 'tool',
  };
}

function lastOf(path: string): string {
  return path.slice(dirname(path).length + 1);
}

function clash(
  agentId: string,
  same: readonly FoundModule[],
  kept: FoundModule | null,
): DiscoveryFinding {
  const paths = same.map(({ modulePath }) => modulePath);
  const [first] = same;
  const finding: Finding = {
    stage: 'discover',
    code: 'two_tool_files',
    severity: 'error',
    message: `${paths.join(' and ')} give a tool of the same name; ${kept ? `${kept.modulePath} keeps serving` : 'none of them is served'}.`,
    ...(first ? { file: first.entry } : {}),
    hint: 'Rename one of them, or put "_" before its name.',
  };
  return { agentId, modulePath: paths.find((path) => path !== kept?.modulePath) ?? '', finding };
}

/** What serves from a folder that cannot be read is not gone. */
function unreadable({ folder, projectRoot, serving }: DiscoverToolsOptions): Discovery {
  const finding: Finding = {
    stage: 'discover',
    code: 'tools_folder_unreadable',
    severity: 'error',
    message: `${relative(projectRoot, folder)} cannot be read.`,
    file: folder,
    hint: 'Make it a folder that the gateway may read.',
  };
  return {
    modules: [...serving.values()].map((path) => toFound(join(projectRoot, path), projectRoot)),
    findings: [{ agentId: null, modulePath: relative(projectRoot, folder), finding }],
  };
}
