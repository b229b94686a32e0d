import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { DependentModule } from '../dependency-report.ts';
import {
  type InstallDeps,
  InstallError,
  type InstallPlan,
  type InstallResult,
  type LockedPackage,
} from '../install/install-result.ts';
import { installerVariables } from '../install/installer-variables.ts';
import { openStaging, type Staging } from '../install/staging.ts';
import { listDistributions, normalName } from './distributions.ts';
import { environmentFolder, pythonDotenv, pythonSdk, pythonSdkVersion } from './environments.ts';
import { importsSdk, inspectPython } from './inspect-python.ts';
import {
  makeEnvironment,
  readPythonLock,
  resolveEnvironment,
  stagedPython,
} from './make-environment.ts';
import type { PythonFacts } from './probe.ts';
import { pipOptions, refuseBuilds } from './requirement-sources.ts';
import { type Requirements, readRequirements } from './requirements.ts';
import { fitsSpecifier } from './version.ts';

const INSTALL_TIMEOUT_MS = 900_000;

const pinnedSdk = `${pythonSdk}==${pythonSdkVersion}`;

/** What the shared environment is made of. */
const sharedPackages = [pinnedSdk, `${pythonDotenv.name}==${pythonDotenv.version}`];

/** Gives a module in Python an environment of its own with what it declares. Never throws for a bad module. */
export async function installRequirements(
  deps: InstallDeps,
  module: DependentModule,
  scripts: 'run' | 'skip',
): Promise<InstallResult> {
  const read = await readRequirements(module);
  if (read.type === 'unusable') return { type: 'refused', finding: read.finding };
  if (read.type === 'absent') return { type: 'nothing_to_do', declares: false };
  const { findings } = await inspectPython(module, deps.pythons);
  if (!hasError(findings)) return { type: 'nothing_to_do', declares: true };
  return install(deps, await ownEnvironment(module, read.requirements, { findings, scripts }));
}

/** Makes the environment that modules without requirements share, with the SDK and python-dotenv. */
export async function installSharedEnvironment(deps: InstallDeps): Promise<InstallResult> {
  const { sharedFolder, choose, inFolder } = deps.pythons;
  const chosen = await choose({ folder: sharedFolder, entry: sharedFolder });
  const facts =
    chosen.type === 'found' && !chosen.isOwn ? chosen.facts : await inFolder(sharedFolder);
  const has = facts ? await listDistributions(facts) : null;
  const sdk = has?.get(pythonSdk);
  const isShared = facts?.interpreter.startsWith(sharedFolder) ?? false;
  const isWhole = sdk?.version === pythonSdkVersion && has?.has(pythonDotenv.name) === true;
  if (sdk && (!isShared || isWhole)) {
    return { type: 'nothing_to_do', declares: true };
  }
  return install(deps, sharedEnvironment(sharedFolder));
}

/** Says what an install would bring to a module in Python, or to the environment it shares, and to which folder. */
export async function planRequirements(
  deps: InstallDeps,
  module: DependentModule,
): Promise<InstallPlan> {
  const [read, report] = await Promise.all([
    readRequirements(module),
    inspectPython(module, deps.pythons),
  ]);
  const { packages, findings } = report;
  const wanted =
    read.type === 'read'
      ? await ownEnvironment(module, read.requirements, { findings, scripts: 'skip' })
      : sharedEnvironment(deps.pythons.sharedFolder);
  const target = join(wanted.target, environmentFolder);
  const settings = wanted.settings;
  const planned = {
    packages,
    findings: [...findings, ...settings],
    target,
    resolved: null,
    failure: null,
  };
  // An environment that its author made by hand, and declares nothing for, is theirs to fill.
  const isForeign = read.type === 'absent' && (await deps.pythons.inFolder(module.folder)) !== null;
  const hasNoPython = findings.some(({ code }) => /^python_(missing|too_old)$/.test(code));
  if (read.type === 'unusable' || isForeign || hasNoPython || !hasError(findings)) return planned;
  const resolved = await staged(deps, wanted, resolveEnvironment);
  if (resolved instanceof InstallError) return { ...planned, failure: resolved };
  return { ...planned, resolved: { packages: resolved, withScripts: [] } };
}

/** An environment that is wanted, and where. */
type Wanted = {
  readonly target: string;
  readonly keepsLock: boolean;
  readonly scripts: 'run' | 'skip';
  readonly credentials: 'given' | 'withheld';
  /** With the SDK in that requirement, where nothing names it. Throws where something may not be had. */
  readonly wanted: (staging: Staging, sdk: string) => Promise<readonly string[]>;
  /** Throws where something is missing in the end. */
  readonly check: (facts: PythonFacts) => Promise<void>;
  readonly warnings: readonly Finding[];
  /** What of the module's settings for pip is not used. */
  readonly settings: readonly Finding[];
};

async function ownEnvironment(
  module: DependentModule,
  requirements: Requirements,
  {
    findings,
    scripts,
  }: { readonly findings: readonly Finding[]; readonly scripts: 'run' | 'skip' },
): Promise<Wanted> {
  const { folder } = module;
  const needsSdk = await mustAddSdk(module, requirements);
  const options = await pipOptions(folder, requirements, scripts);
  return {
    target: folder,
    keepsLock: await lockFits(folder, requirements),
    scripts,
    credentials: options.namesIndex ? 'withheld' : 'given',
    settings: options.findings,
    wanted: async (staging, sdk) => {
      await refuseBuilds(folder, requirements, scripts);
      return [
        ...(await writeRequirements(staging, requirements, options.lines)),
        ...(needsSdk ? [sdk] : []),
      ];
    },
    check: (facts) => checkComplete(requirements, facts),
    warnings: findings.filter(({ code }) => code === 'lookalike_package'),
  };
}

function sharedEnvironment(target: string): Wanted {
  const wanted = async () => sharedPackages;
  return {
    target,
    keepsLock: false,
    scripts: 'skip',
    credentials: 'given',
    wanted,
    check: async () => undefined,
    warnings: [],
    settings: [],
  };
}

function hasError(findings: readonly Finding[]): boolean {
  return findings.some(({ severity }) => severity === 'error');
}

async function install(deps: InstallDeps, wanted: Wanted): Promise<InstallResult> {
  const packages = await staged(deps, wanted, async (staging, ...how) => {
    const installed = await makeEnvironment(staging, ...how);
    const facts = await deps.pythons.inFolder(staging.folder);
    if (facts) await wanted.check(facts);
    staging.commit();
    return installed;
  });
  if (packages instanceof InstallError) return { type: 'failed', failure: packages };
  return {
    type: 'installed',
    packages,
    skippedScripts: [],
    warnings: [...wanted.warnings, ...wanted.settings],
  };
}

/**
 * Works on an environment in a staging folder, which is gone afterwards. Gives the failure of an install. The SDK is
 * of the version that the gateway knows, unless another package brings it in a version of its own.
 */
async function staged(
  deps: InstallDeps,
  wanted: Wanted,
  work: typeof makeEnvironment,
): Promise<readonly LockedPackage[] | InstallError> {
  const first = await stagedWith(pinnedSdk, deps, wanted, work);
  const isInTheWay = first instanceof InstallError && first.output?.includes(pinnedSdk) === true;
  if (!isInTheWay) return first;
  const second = await stagedWith(pythonSdk, deps, wanted, work);
  return second instanceof InstallError ? first : second;
}

async function stagedWith(
  sdk: string,
  deps: InstallDeps,
  { target, keepsLock, scripts, credentials, wanted }: Wanted,
  work: typeof makeEnvironment,
): Promise<readonly LockedPackage[] | InstallError> {
  const base = await deps.pythons.base(target);
  if (base.type === 'none') {
    const { message, hint = '' } = base.finding;
    return new InstallError('python_missing', message, { hint });
  }
  try {
    // The state folder, where there is none yet, is the gateway's alone.
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await mkdir(target, { recursive: true });
    const staging = await openStaging(target, stagedPython(scripts));
    try {
      const { interpreter } = base.facts;
      return await work(
        staging,
        { base: interpreter, keepsLock, scripts, target, wanted: await wanted(staging, sdk) },
        {
          environment: installerVariables(deps.environment, { installer: 'python', credentials }),
          signal: deps.signal,
          timeoutMs: deps.timeoutMs ?? INSTALL_TIMEOUT_MS,
        },
      );
    } finally {
      await staging.discard();
    }
  } catch (error) {
    if (error instanceof InstallError) return error;
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

/**
 * Writes what is declared into files of the copy: of the module's own pip reads none, since they may hold any option
 * and name any file.
 *
 * @returns Arguments for pip.
 */
async function writeRequirements(
  { folder }: Staging,
  { lines, constraints }: Requirements,
  options: readonly string[],
): Promise<readonly string[]> {
  const write = (name: string, texts: readonly string[]) =>
    writeFile(join(folder, name), `${texts.join('\n')}\n`, { mode: 0o600 });
  const [wanted, limits] = ['.dropgate-requirements.txt', '.dropgate-constraints.txt'] as const;
  await write(wanted, [...options, ...lines]);
  if (constraints.length === 0) return ['-r', wanted];
  await write(limits, constraints);
  return ['-r', wanted, '-c', limits];
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
