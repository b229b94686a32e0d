import { globSync } from 'node:fs';
import { join } from 'node:path';
import { findAdvisories } from '../../packages/gateway/src/dependencies/advisories/find-advisories.ts';
import type {
  PackageInUse,
  PackagesOf,
} from '../../packages/gateway/src/dependencies/advisories/package-in-use.ts';
import { listDistributions } from '../../packages/gateway/src/dependencies/python/distributions.ts';
import { pythonSdkVersion } from '../../packages/gateway/src/dependencies/python/environments.ts';
import { fetchedFolder } from '../../packages/gateway/test/support/fetch-once.ts';
import { lockedPackages } from './lock-file.ts';
import { type Part, type PartContext, runProgram } from './part.ts';
import type { NightlyFinding } from './report.ts';

/** Of all questions together. */
const TIMEOUT_MS = 180_000;

type Advisory = {
  readonly agents: readonly string[];
  readonly package: string;
  readonly version: string;
  readonly id: string;
  readonly title: string;
  readonly fixed_in: string | null;
};

type Audit = {
  readonly advisories: {
    readonly findings: readonly Advisory[];
    readonly asked: Readonly<Record<string, number>>;
    readonly unreachable: readonly { ecosystem: string; url: string; reason: string }[];
  };
};

/** What is known against packages of the gateway and of each agent, as users ask, and against our own tools. */
export const advisories: Part = async (context) => {
  const { npmService, osvService, root, project } = context;
  const services = [
    ...(npmService ? ['--npm-service', npmService] : []),
    ...(osvService ? ['--osv-service', osvService] : []),
  ];
  const launcher = `${root}/packages/gateway/bin/dropgate.cjs`;
  const command = [process.execPath, launcher, 'audit', '--advisories', '--json', ...services];
  const { stdout, stderr } = await runProgram(command, { cwd: project, timeoutMs: TIMEOUT_MS });
  const audit = auditIn(stdout, stderr);
  const tools = await auditTools(context);
  return {
    findings: [...audit.findings.map(toFinding), ...tools.findings],
    notes: [
      ...Object.entries(audit.asked).map(([from, many]) => `${many} packages of ${from} in use.`),
      ...audit.unreachable.map(unreachable),
      ...tools.notes,
    ],
    isUnanswered: audit.unreachable.length > 0 || tools.isUnanswered,
  };
};

function auditIn(stdout: string, stderr: string): Audit['advisories'] {
  try {
    return (JSON.parse(stdout) as Audit).advisories;
  } catch (cause) {
    throw new Error(`dropgate audit gave no JSON: ${stderr.slice(0, 500)}`, { cause });
  }
}

function toFinding(advisory: Advisory): NightlyFinding {
  const { agents, id, title, version, fixed_in } = advisory;
  return {
    what: `${agents.join(', ')}: ${advisory.package} ${version}: ${title} (${id}).`,
    fix: fixed_in === null ? 'No fixed version is known.' : `Fixed in ${fixed_in}.`,
  };
}

async function auditTools({ root, npmService, osvService }: PartContext) {
  const locked = await lockedPackages(root);
  const tools = locked
    .filter(({ isTool }) => isTool)
    .map(({ name, version }) => ({ ecosystem: 'npm', name, version, isInstalled: true }) as const);
  const packages = [...tools, ...(await testedPythonPackages())];
  const used: PackagesOf = { owner: 'tools of the workspace', packages, unknown: [] };
  const services = {
    npm: npmService ?? 'https://registry.npmjs.org',
    osv: osvService ?? 'https://api.osv.dev',
  };
  const options = { environment: process.env, signal: AbortSignal.timeout(TIMEOUT_MS) };
  const report = await findAdvisories([used], services, options);
  return {
    findings: report.findings.map(({ owners, name, fixedIn, ...rest }) =>
      toFinding({ ...rest, agents: owners, package: name, fixed_in: fixedIn }),
    ),
    notes: [`${packages.length} tools of the workspace.`, ...report.unreachable.map(unreachable)],
    isUnanswered: report.unreachable.length > 0,
  };
}

/** What the SDK for Python that agents are tested with brings; none where it was not fetched. */
async function testedPythonPackages(): Promise<PackageInUse[]> {
  const folder = join(fetchedFolder, `python-openai-agents-${pythonSdkVersion}`);
  const packageFolders = globSync(`${folder}/lib/python3*/site-packages`);
  const found = await listDistributions({ packageFolders });
  return [...found].map(([name, { version }]) => ({
    ecosystem: 'PyPI',
    name,
    version,
    isInstalled: true,
  }));
}

function unreachable({ ecosystem, url, reason }: Audit['advisories']['unreachable'][number]) {
  return `${url} told no advisories on packages of ${ecosystem} (${reason}). So nothing is known of them.`;
}
