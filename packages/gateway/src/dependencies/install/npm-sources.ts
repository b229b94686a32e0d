import { glob, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { z } from 'zod';
import type { DependentModule } from '../dependency-report.ts';
import { projectOf, readDeclared, readLock } from '../read-declared.ts';
import { InstallError } from './install-result.ts';

/** A package that comes from elsewhere than a registry. `from` is as written. */
type ForeignPackage = {
  readonly name: string;
  readonly from: string;
  readonly kind: 'git' | 'address' | 'path';
};

/** What is about to happen: a look, an install without scripts, or one that may run what it likes. */
export type InstallReach = 'plan' | 'skip' | 'run';

/**
 * Refuses packages that npm would get by running git, or by reading what is not the project's. A plan does not ask
 * addresses that the module names either. With scripts allowed there is nothing of that to refuse. Workspaces outside of
 * the module's folder, which are other agents, are none of its own in any case.
 *
 * @throws InstallError `source_refused`.
 */
export async function refuseSources(module: DependentModule, reach: InstallReach): Promise<void> {
  const manifest = await readManifest(module.folder);
  await refuseWorkspaces(module.folder, manifest.workspaces);
  if (reach === 'run') return;
  for (const one of await foreignPackages(module.folder, manifest)) {
    if (one.kind === 'git') throw refused(one, 'is fetched with git', allowScripts);
    if (one.kind === 'address' && reach === 'plan') {
      throw refused(one, 'comes from an address, which a plan does not ask', justInstall);
    }
    if (one.kind === 'path' && !(await isOfProject(module, one.from))) {
      throw refused(one, 'is no file or folder of this project', moveHere);
    }
  }
}

const allowScripts =
  'That may run code: if you trust it, install with --allow-scripts. Else name a version of the registry.';
const justInstall = 'If you trust it, `dropgate deps install` gets it.';
const moveHere = 'Put it into the project, or name a version of the registry.';

function refused({ name, from }: ForeignPackage, why: string, hint: string): InstallError {
  return new InstallError('source_refused', `${name} (${from.slice(0, SHOWN)}) ${why}.`, { hint });
}

/** The most of a source that is repeated. */
const SHOWN = 200;

const specs = z.record(z.string(), z.unknown()).optional().catch(undefined);
const manifestSchema = z.looseObject({
  dependencies: specs,
  devDependencies: specs,
  optionalDependencies: specs,
  peerDependencies: specs,
  overrides: specs,
  workspaces: z
    .union([z.array(z.string()), z.looseObject({ packages: z.array(z.string()).optional() })])
    .optional()
    .catch(undefined),
});
const lockSchema = z.looseObject({
  packages: z
    .record(
      z.string(),
      z.looseObject({
        resolved: z.string().optional().catch(undefined),
        link: z.boolean().optional().catch(undefined),
      }),
    )
    .optional()
    .catch(undefined),
});

type PackageManifest = z.output<typeof manifestSchema>;

async function readManifest(folder: string): Promise<PackageManifest> {
  const text = await readDeclared(folder, join(folder, 'package.json')).catch(() => '{}');
  return manifestSchema.safeParse(parse(text)).data ?? {};
}

async function refuseWorkspaces(
  folder: string,
  workspaces: PackageManifest['workspaces'],
): Promise<void> {
  const own = await realpath(folder);
  for (const pattern of (Array.isArray(workspaces) ? workspaces : workspaces?.packages) ?? []) {
    if (await leadsOut(own, pattern)) {
      const message = `The workspaces ${JSON.stringify(pattern.slice(0, SHOWN))} of package.json lie outside of its folder.`;
      throw new InstallError('source_refused', message, {
        hint: 'Remove them: each agent has packages of its own. A folder of the project is named as a dependency, `file:../shared`.',
      });
    }
  }
}

/** Also by a link on the way. Braces could spell the way up too, so it may stand nowhere. */
async function leadsOut(folder: string, pattern: string): Promise<boolean> {
  if (isAbsolute(pattern) || pattern.includes('..')) return true;
  const steps = pattern.split('/');
  const prefixes = steps.map((_, index) => steps.slice(0, index + 1).join('/'));
  const ways = prefixes.filter((way) => way !== '' && way !== '.');
  for await (const match of glob(ways, { cwd: folder, exclude: ['**/node_modules'] })) {
    const real = await realpath(join(folder, match)).catch(() => folder);
    if (real !== folder && !real.startsWith(folder + sep)) return true;
  }
  return false;
}

async function foreignPackages(
  folder: string,
  { overrides, ...manifest }: PackageManifest,
): Promise<ForeignPackage[]> {
  const { dependencies, devDependencies, optionalDependencies, peerDependencies } = manifest;
  const sections = [dependencies, devDependencies, optionalDependencies, peerDependencies];
  const named = [...sections.flatMap((one) => texts(one ?? {})), ...texts(overrides ?? {})];
  const locks = ['package-lock.json', 'npm-shrinkwrap.json'].map((name) => join(folder, name));
  const locked = await Promise.all(locks.map((path) => lockedPackages(folder, path)));
  return [...named, ...locked.flat()].flatMap(([name, from]) => {
    const kind = kindOf(from);
    return kind ? [{ name, from, kind }] : [];
  });
}

/** What a lock file names wins over what `package.json` does. */
async function lockedPackages(folder: string, path: string): Promise<[string, string][]> {
  const lock = lockSchema.safeParse(parse(await readLock(folder, path))).data;
  return Object.entries(lock?.packages ?? {}).flatMap(([place, { resolved, link }]) => {
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    if (resolved === undefined) return [];
    // Of registries the lock file has addresses; those that it should not have come with another name.
    if (/^https?:/.test(resolved) && !/\.git(?:#|$)/.test(resolved)) return [];
    return [[name || place, link ? `file:${resolved.replace(/^file:/, '')}` : resolved]];
  });
}

/** Every text in a tree of objects, by the name it stands under. */
function texts(tree: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(tree).flatMap(([name, value]): [string, string][] => {
    if (typeof value === 'string') return [[name, value]];
    if (typeof value !== 'object' || value === null) return [];
    return texts(value as Readonly<Record<string, unknown>>);
  });
}

/** As npm tells them apart; null for what a registry has. */
function kindOf(spec: string): ForeignPackage['kind'] | null {
  const from = spec.trim();
  if (/^npm:/i.test(from)) return kindOf(from.replace(/^npm:(?:@[^@/]*\/)?[^@]*@?/i, ''));
  if (/^(?:git|ssh|github|gitlab|bitbucket|gist|sourcehut|hg|svn)\b/i.test(from)) return 'git';
  if (/^https?:/i.test(from))
    return /\.git(?:#|$)|^https?:\/\/(?:[^/]*@)?(?:github|gitlab|bitbucket)\.\w+\//i.test(from)
      ? 'git'
      : 'address';
  if (/^(?:file|link|portal|workspace):|^[.~/\\]|^[a-z]:[\\/]|\.(?:tgz|tar|tar\.gz)$/i.test(from))
    return 'path';
  if (/^[^\s@:/]+@[^\s:]+:/.test(from) || /^[^\s@/:]+\/[^\s/:]+/.test(from)) return 'git';
  return from.includes('://') ? 'address' : null;
}

async function isOfProject(module: DependentModule, from: string): Promise<boolean> {
  const path = from.replace(/^(?:file|link|portal|workspace):(?:\/\/(?=\/))?/i, '');
  const folder = await realpath(module.folder);
  const project = await realpath(projectOf(module)).catch(() => folder);
  try {
    const real = await realpath(resolve(folder, path));
    const stats = await stat(real);
    return real.startsWith(project + sep) && (stats.isFile() || stats.isDirectory());
  } catch {
    // What is not there is npm's to tell.
    return resolve(folder, path).startsWith(project + sep);
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    return {};
  }
}
