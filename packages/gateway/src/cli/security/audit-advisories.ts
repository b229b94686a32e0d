import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import {
  type AdvisoryFinding,
  type AdvisoryReport,
  findAdvisories,
} from '../../dependencies/advisories/find-advisories.ts';
import { nodePackages } from '../../dependencies/advisories/node-packages.ts';
import { npmRegistryAddress } from '../../dependencies/advisories/npm-registry-address.ts';
import type { Ecosystem, PackagesOf } from '../../dependencies/advisories/package-in-use.ts';
import {
  pythonPackages,
  sharedPythonPackages,
} from '../../dependencies/advisories/python-packages.ts';
import { createPythonEnvironments } from '../../dependencies/python/environments.ts';
import { packageFolder } from '../../own-files.ts';
import { chooseModules } from '../deps/choose-modules.ts';
import type { Terminal } from '../terminal.ts';
import { count, terminalWidth, wrap } from '../text-layout.ts';

/** Of all questions together. */
const TIMEOUT_MS = 120_000;

/** The one that Python's own tools ask for what pip installs. */
const publicOsv = 'https://api.osv.dev';

/** Addresses that are asked in place of the public ones. */
export type AdvisoryOptions = { readonly npmService?: string; readonly osvService?: string };

export type AdvisoryAudit = AdvisoryReport & {
  /** Declared, not installed, and without a version that could be asked of. */
  readonly unknown: readonly {
    readonly owner: string;
    readonly name: string;
    readonly wanted: string;
  }[];
};

/** What is known against the packages of the gateway, of the project and of every agent and tool. Never changes them. */
export async function auditAdvisories(
  config: Config,
  options: AdvisoryOptions,
): Promise<AdvisoryAudit> {
  const { environment, projectRoot } = config;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const used = await packagesInUse(config);
  const npm = options.npmService ?? (await npmRegistryAddress(projectRoot, environment, signal));
  const services = { npm, osv: options.osvService ?? publicOsv };
  const report = await findAdvisories(used, services, { environment, signal });
  const unknown = used.flatMap(({ owner, unknown }) => unknown.map((one) => ({ owner, ...one })));
  return { ...report, unknown };
}

async function packagesInUse(config: Config): Promise<readonly PackagesOf[]> {
  const { environment, python, projectRoot } = config;
  const stateFolder = join(projectRoot, '.dropgate');
  const pythons = createPythonEnvironments({
    stateFolder,
    python,
    environment,
    environments: 'read',
  });
  const modules = await chooseModules(config, undefined);
  const used = [
    await nodePackages('gateway', packageFolder),
    await nodePackages('project', projectRoot),
    await sharedPythonPackages(pythons),
  ];
  for (const module of modules) {
    const isPython = module.language === 'python';
    used.push(
      isPython
        ? await pythonPackages(module, pythons)
        : await nodePackages(module.agentId, module.folder),
    );
  }
  return used;
}

/** The report as scripts get it. */
export function advisoriesAsJson({ findings, asked, unreachable, unknown }: AdvisoryAudit) {
  return {
    findings: findings.map(({ name, owners, isInstalled, fixedIn, ...rest }) => ({
      agents: owners,
      package: name,
      ...rest,
      fixed_in: fixedIn,
      installed: isInstalled,
    })),
    asked,
    unreachable,
    unknown_versions: unknown.map(({ owner, name, wanted }) => ({
      agent: owner,
      package: name,
      wanted,
    })),
  };
}

const mirrorOptions: Readonly<Record<Ecosystem, string>> = {
  npm: '--npm-service',
  PyPI: '--osv-service',
};

/** The report as people read it. */
export function showAdvisories(terminal: Terminal, audit: AdvisoryAudit): void {
  for (const finding of audit.findings) show(terminal, finding);
  for (const { ecosystem, url, reason } of audit.unreachable) {
    terminal.note(
      `${url} told no advisories on packages of ${ecosystem}: ${reason}. So nothing is known of ${count(audit.asked[ecosystem], 'package')}. Try again later, or name a mirror with ${mirrorOptions[ecosystem]}.`,
    );
  }
  for (const { owner, name, wanted } of audit.unknown) {
    terminal.note(
      `${owner}: ${name} ${wanted} is not installed, so it was not asked about. Install it: \`npx dropgate deps install\`.`,
    );
  }
  const silent = (ecosystem: Ecosystem) =>
    audit.unreachable.some((one) => one.ecosystem === ecosystem) ? ' (no answer)' : '';
  const npm = `${audit.asked.npm} packages of npm${silent('npm')}`;
  const pypi = `${audit.asked.PyPI} of PyPI${silent('PyPI')}`;
  const many = audit.findings.length;
  const told = `${many} ${many === 1 ? 'advisory' : 'advisories'}`;
  terminal.line(`Asked of ${npm} and ${pypi}: ${told}.`);
}

function show(terminal: Terminal, finding: AdvisoryFinding): void {
  const { name, version, id, title, severity, url, fixedIn, owners, isInstalled } = finding;
  terminal.line(terminal.styled('yellow', `${severity ?? 'advisory'}  ${name} ${version}  ${id}`));
  for (const line of wrap(title, terminalWidth - 2)) terminal.line(`  ${line}`);
  terminal.line(`  used by ${owners.join(', ')}${isInstalled ? '' : ' (declared, not installed)'}`);
  terminal.line(`  → ${fixOf(fixedIn)}`);
  terminal.line(`  ${url}`);
  terminal.line('');
}

function fixOf(fixedIn: string | null): string {
  if (fixedIn === null) return 'No fixed version is known.';
  return fixedIn.startsWith('>') ? `Take a version ${fixedIn}.` : `Take ${fixedIn} or newer.`;
}
