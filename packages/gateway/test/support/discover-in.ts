import { join } from 'node:path';
import { type Discovery, discover } from '../../src/registry/discovery/discover.ts';
import { tempFolder } from './temp-folder.ts';

export type DiscoverIn = {
  /** Below the project root. */
  readonly roots?: readonly string[];
  /** Model id → module path. */
  readonly serving?: Readonly<Record<string, string>>;
};

/** What discovery finds in a project of its own with these files (path → text). */
export async function discoverIn(
  files: Readonly<Record<string, string>>,
  options: DiscoverIn = {},
): Promise<Discovery & { readonly projectRoot: string }> {
  const projectRoot = await tempFolder(files);
  return { projectRoot, ...(await discoverAt(projectRoot, options)) };
}

/** What discovery finds in a project that exists. */
export function discoverAt(projectRoot: string, options: DiscoverIn = {}): Promise<Discovery> {
  const roots = (options.roots ?? ['src/agents', 'agents']).map((root) => join(projectRoot, root));
  const serving = new Map(Object.entries(options.serving ?? {}));
  return discover({ projectRoot, roots, defaultNamespace: 'default', serving });
}

/** `code severity path` of every finding, in order of paths. */
export function toldOf({ findings }: Discovery): string[] {
  return findings
    .map(({ modulePath, finding }) => `${finding.code} ${finding.severity} ${modulePath}`)
    .sort();
}

/** Model ids of what was found, in order. */
export function idsOf({ modules }: Discovery): string[] {
  return modules.map(({ agentId }) => agentId).sort();
}
