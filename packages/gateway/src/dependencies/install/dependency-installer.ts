import { join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { DependentModule } from '../dependency-report.ts';
import { describeUnwritten, inspectDependencies } from '../inspect-dependencies.ts';
import {
  installRequirements,
  installSharedEnvironment,
  planRequirements,
} from '../python/install-requirements.ts';
import {
  type InstallDeps,
  InstallError,
  type InstallPlan,
  type InstallResult,
} from './install-result.ts';
import { npmInstall } from './npm-install.ts';
import { readLockedPackages } from './npm-lock-file.ts';
import { refuseSources } from './npm-sources.ts';
import { openStaging, type StagedInstall, type Staging } from './staging.ts';

/** Installs what modules declare, each into its own folder. Neither function throws for a bad module. */
export type DependencyInstaller = {
  readonly plan: (module: DependentModule) => Promise<InstallPlan>;
  readonly install: (
    module: DependentModule,
    options: { readonly scripts: 'run' | 'skip' },
  ) => Promise<InstallResult>;
  /** Makes the environment for modules in Python that declare nothing. */
  readonly installShared: () => Promise<InstallResult>;
};

const lockFile = 'package-lock.json';
const stagedNpm: StagedInstall = {
  packages: 'node_modules',
  lockFile,
  copied: ['package.json', lockFile, 'npm-shrinkwrap.json'],
  left: [],
};

export function createDependencyInstaller(deps: InstallDeps): DependencyInstaller {
  return {
    plan: (module) =>
      module.language === 'python' ? planRequirements(deps, module) : planWithNpm(deps, module),
    install: (module, { scripts }) =>
      module.language === 'python'
        ? installRequirements(deps, module, scripts)
        : installWithNpm(deps, module, scripts),
    installShared: () => installSharedEnvironment(deps),
  };
}

async function planWithNpm(deps: InstallDeps, module: DependentModule): Promise<InstallPlan> {
  const {
    packages,
    declarations,
    findings: found,
  } = await inspectDependencies(module, deps.pythons);
  const isBare = declarations === null && !found.some(isError);
  const findings = isBare ? [...found, ...(await describeUnwritten(module))] : found;
  const target = join(module.folder, 'node_modules');
  const planned = { packages, findings, target, resolved: null, failure: null };
  if (packages.every(({ state }) => state === 'ok')) return planned;
  try {
    await refuseSources(module, 'plan');
    return await inStaging(module, async (staging) => {
      const how = { moduleFolder: module.folder, reach: 'plan' } as const;
      const settings = await npmInstall(deps, staging, how);
      const resolved = await readLockedPackages(staging.folder);
      return { ...planned, findings: [...findings, ...settings], resolved };
    });
  } catch (error) {
    if (error instanceof InstallError) return { ...planned, failure: error };
    throw error;
  }
}

async function installWithNpm(
  deps: InstallDeps,
  module: DependentModule,
  scripts: 'run' | 'skip',
): Promise<InstallResult> {
  const before = await inspectDependencies(module, deps.pythons);
  const unusable = before.declarations === null ? before.findings.find(isError) : undefined;
  if (unusable) return { type: 'refused', finding: unusable };
  const isThere = before.packages.every(({ state }) => state === 'ok');
  if (isThere && !(scripts === 'run' && (await hasScripts(module)))) {
    return { type: 'nothing_to_do', declares: before.packages.length > 0 };
  }
  try {
    await refuseSources(module, scripts);
    return await inStaging(module, async (staging) => {
      const how = { moduleFolder: module.folder, reach: scripts };
      const settings = await npmInstall(deps, staging, how);
      await checkComplete(deps, module, staging);
      const { packages, withScripts } = await readLockedPackages(staging.folder);
      staging.commit();
      const skippedScripts = scripts === 'skip' ? withScripts : [];
      const lookalikes = before.findings.filter(({ code }) => code === 'lookalike_package');
      const warnings = [...lookalikes, ...settings];
      return { type: 'installed', packages, skippedScripts, warnings };
    });
  } catch (error) {
    if (error instanceof InstallError) return { type: 'failed', failure: error };
    throw error;
  }
}

/** Nobody knows whether they ran: an install before may have left them out. */
async function hasScripts({ folder }: DependentModule): Promise<boolean> {
  return (await readLockedPackages(folder)).withScripts.length > 0;
}

async function inStaging<Result>(
  module: DependentModule,
  work: (staging: Staging) => Promise<Result>,
): Promise<Result> {
  const staging = await openStaging(module.folder, stagedNpm);
  try {
    return await work(staging);
  } finally {
    await staging.discard();
  }
}

/** npm may end well without all that was asked for, such as with settings that omit a kind of package. */
async function checkComplete(
  deps: InstallDeps,
  module: DependentModule,
  staging: Staging,
): Promise<void> {
  const { packages } = await inspectDependencies(
    { ...module, folder: staging.folder },
    deps.pythons,
  );
  const lacking = packages.filter(({ state }) => state !== 'ok');
  if (lacking.length === 0) return;
  const names = lacking.map(({ name, range }) => `${name} (${range})`).join(', ');
  throw new InstallError('incomplete_install', `npm ended without having installed ${names}.`, {
    hint: 'See whether an .npmrc, or the environment, tells npm to leave packages out.',
  });
}

function isError({ severity }: Finding): boolean {
  return severity === 'error';
}
