import type { FoundModule } from '../../protocol/module.ts';
import { type Distribution, listDistributions } from '../python/distributions.ts';
import type { PythonEnvironments } from '../python/environments.ts';
import type { PythonFacts } from '../python/probe.ts';
import type { Requirement } from '../python/requirement.ts';
import { readRequirements } from '../python/requirements.ts';
import { fitsSpecifier } from '../python/version.ts';
import type { PackageInUse, PackagesOf, UnknownVersion } from './package-in-use.ts';

/** Who is named for the environment that agents without one of their own share. */
const sharedOwner = 'python';

/**
 * The packages of a module in Python: all of its own environment, and of what it declares the version that is installed
 * where it would run, else the one that is named with `==`. Never throws; runs nothing of the module.
 */
export async function pythonPackages(
  module: FoundModule,
  pythons: PythonEnvironments,
): Promise<PackagesOf> {
  const [read, choice] = await Promise.all([readRequirements(module), pythons.choose(module)]);
  const has = choice.type === 'found' ? await listDistributions(choice.facts) : new Map();
  const isOwn = choice.type === 'found' && choice.isOwn;
  const packages = isOwn ? allOf(has) : [];
  const unknown: UnknownVersion[] = [];
  for (const wish of read.type === 'read' ? read.requirements.wanted : []) {
    const found = versionOf(wish, has);
    if (found === null) unknown.push({ name: wish.name ?? wish.wanted, wanted: wish.wanted });
    else if (!found.isInstalled || !isOwn) packages.push(found);
  }
  return { owner: module.agentId, packages, unknown };
}

/** All packages of the environment that agents in Python share; none where it is not made. */
export async function sharedPythonPackages(pythons: PythonEnvironments): Promise<PackagesOf> {
  const facts: PythonFacts | null = await pythons.inFolder(pythons.sharedFolder);
  const packages = facts ? allOf(await listDistributions(facts)) : [];
  return { owner: sharedOwner, packages, unknown: [] };
}

function allOf(has: ReadonlyMap<string, Distribution>): PackageInUse[] {
  return [...has].map(([name, { version }]) => inUse(name, version, true));
}

function versionOf(
  { name, wanted, isSpecifier }: Requirement,
  has: ReadonlyMap<string, Distribution>,
): PackageInUse | null {
  if (name === null) return null;
  const installed = has.get(name)?.version;
  if (installed !== undefined && (!isSpecifier || fitsSpecifier(installed, wanted))) {
    return inUse(name, installed, true);
  }
  const [, exact] = /^={2,3}\s*([^,*\s]+)$/.exec(wanted) ?? [];
  return exact === undefined ? null : inUse(name, exact, false);
}

function inUse(name: string, version: string, isInstalled: boolean): PackageInUse {
  return { ecosystem: 'PyPI', name, version, isInstalled };
}
