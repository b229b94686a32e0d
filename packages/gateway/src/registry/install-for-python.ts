import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DependentModule } from './dependencies.ts';
import type { InstallDeps, InstallResult } from './install-dependencies.ts';
import { installEnvironment } from './install-environment.ts';
import { InstallError } from './install-error.ts';
import { installPython, readPythonLock, stagedPython } from './install-python.ts';
import { openStaging, type Staging } from './install-staging.ts';
import { importsSdk, inspectPython } from './python-dependencies.ts';
import { environmentFolder, pythonSdk, pythonSdkVersion } from './python-environments.ts';
import { findDistribution, listDistributions, normalName } from './python-packages.ts';
import type { PythonFacts } from './python-probe.ts';
import { type Requirements, readRequirements } from './python-requirements.ts';
import { fitsSpecifier } from './python-version.ts';

const INSTALL_TIMEOUT_MS = 900_000;

const pinnedSdk = `${pythonSdk}==${pythonSdkVersion}`;

/** Gives a module in Python an environment of its own with what it declares. Never throws for a bad module. */
export async function installForModule(
  deps: InstallDeps,
  module: DependentModule,
): Promise<InstallResult> {
  const read = await readRequirements(module);
  if (read.type === 'unusable') return { type: 'refused', finding: read.finding };
  if (read.type === 'absent') return { type: 'nothing_to_do', declares: false };
  const { requirements } = read;
  const { findings } = await inspectPython(module, deps.pythons);
  if (findings.every(({ severity }) => severity !== 'error')) {
    return { type: 'nothing_to_do', declares: true };
  }
  const needsSdk = await mustAddSdk(module, requirements);
  return installInto(deps, module.folder, {
    keepsLock: await lockFits(module.folder, requirements),
    wanted: async (staging) => [
      ...['-r', await requirementsFile(staging, requirements)],
      ...(needsSdk ? [pinnedSdk] : []),
    ],
    check: (facts) => checkComplete(requirements, facts),
    warnings: findings.filter(({ code }) => code === 'lookalike_package'),
  });
}

/** Makes the environment that modules without requirements share, with the SDK alone. */
export async function installShared(deps: InstallDeps): Promise<InstallResult> {
  const { sharedFolder, choose, inFolder } = deps.pythons;
  const chosen = await choose({ folder: sharedFolder, entry: sharedFolder });
  const facts =
    chosen.type === 'found' && !chosen.isOwn ? chosen.facts : await inFolder(sharedFolder);
  const sdk = facts && (await findDistribution(pythonSdk, facts));
  const isShared = facts?.interpreter.startsWith(sharedFolder) ?? false;
  if (sdk && (!isShared || sdk.version === pythonSdkVersion)) {
    return { type: 'nothing_to_do', declares: true };
  }
  await mkdir(sharedFolder, { recursive: true });
  return installInto(deps, sharedFolder, {
    keepsLock: false,
    wanted: async () => [pinnedSdk],
    check: async () => undefined,
    warnings: [],
  });
}

type Plan = {
  readonly keepsLock: boolean;
  readonly wanted: (staging: Staging) => Promise<readonly string[]>;
  /** Throws where something is missing in the end. */
  readonly check: (facts: PythonFacts) => Promise<void>;
  readonly warnings: Extract<InstallResult, { type: 'installed' }>['warnings'];
};

async function installInto(deps: InstallDeps, target: string, plan: Plan): Promise<InstallResult> {
  const base = await deps.pythons.base(target);
  if (base.type === 'none') {
    const { message, hint = '' } = base.finding;
    return { type: 'failed', failure: new InstallError('python_missing', message, { hint }) };
  }
  try {
    const staging = await openStaging(target, stagedPython);
    try {
      const packages = await installPython(
        staging,
        {
          ...{ base: base.facts.interpreter, keepsLock: plan.keepsLock, target },
          wanted: await plan.wanted(staging),
        },
        {
          environment: installEnvironment(deps.environment),
          signal: deps.signal,
          timeoutMs: deps.timeoutMs ?? INSTALL_TIMEOUT_MS,
        },
      );
      const facts = await deps.pythons.inFolder(staging.folder);
      if (facts) await plan.check(facts);
      staging.commit();
      return { type: 'installed', packages, skippedScripts: [], warnings: plan.warnings };
    } finally {
      await staging.discard();
    }
  } catch (error) {
    if (error instanceof InstallError) return { type: 'failed', failure: error };
    throw error;
  }
}

async function mustAddSdk(module: DependentModule, { wanted }: Requirements): Promise<boolean> {
  return wanted.every(({ name }) => name !== pythonSdk) && (await importsSdk(module));
}

/** A lock file that has all that is declared in versions that fit is kept to. */
async function lockFits(folder: string, { wanted }: Requirements): Promise<boolean> {
  const locked = new Map(
    (await readPythonLock(folder)).map(({ name, version }) => [normalName(name), version]),
  );
  return (
    locked.size > 0 &&
    ![...locked.values()].includes('linked') &&
    wanted.every(({ name, isSpecifier, wanted: range }) => {
      const version = name === null ? undefined : locked.get(name);
      return version !== undefined && isSpecifier && fitsSpecifier(version, range);
    })
  );
}

/** pip reads a requirements file as it is; what is declared elsewhere is written into one. */
async function requirementsFile(staging: Staging, { kind, lines }: Requirements): Promise<string> {
  if (kind === 'requirements') return 'requirements.txt';
  const name = '.dropgate-requirements.txt';
  await writeFile(join(staging.folder, name), `${lines.join('\n')}\n`);
  return name;
}

/** pip may end well without all that was asked for, such as with an environment that leaves dependencies out. */
async function checkComplete({ wanted }: Requirements, facts: PythonFacts): Promise<void> {
  const has = await listDistributions(facts);
  const lacking = wanted.filter(
    ({ name, marker }) => name !== null && marker === null && !has.has(name),
  );
  if (lacking.length === 0) return;
  const names = lacking.map(({ name }) => name).join(', ');
  throw new InstallError('incomplete_install', `pip ended without having installed ${names}.`, {
    hint: `See whether the environment, or pip's configuration, tells it to leave packages out; then remove ${environmentFolder} and run the command again.`,
  });
}
