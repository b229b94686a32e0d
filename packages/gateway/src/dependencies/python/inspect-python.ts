import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { DependencyReport, DependentModule } from '../dependency-report.ts';
import { isInstallUnderWay } from '../install/staging.ts';
import type { CheckedPackage } from '../installed-package.ts';
import { describeLookalike, lookalikeOf } from '../lookalikes.ts';
import { projectOf, readSource } from '../read-declared.ts';
import { type Distribution, listDistributions, normalName } from './distributions.ts';
import {
  environmentFolder,
  type PythonChoice,
  type PythonEnvironments,
  pythonSdk,
} from './environments.ts';
import { holdsMarker, type MarkerValues } from './marker.ts';
import type { Requirement } from './requirement.ts';
import { type Requirements, readRequirements } from './requirements.ts';
import { checkRequiresPython } from './requires-python.ts';
import { fitsSpecifier } from './version.ts';

/**
 * Says what a module in Python declares without having it, or in a wrong version, by the metadata in the environment
 * it would run in. Runs nothing of it. Never throws.
 */
export async function inspectPython(
  module: DependentModule,
  pythons: PythonEnvironments,
): Promise<DependencyReport> {
  const [read, choice] = await Promise.all([readRequirements(module), pythons.choose(module)]);
  const none = { declarations: null, packages: [], findings: [] };
  if (read.type === 'unusable') return { ...none, findings: [read.finding] };
  const requirements = read.type === 'read' ? read.requirements : null;
  const declarations = requirements && {
    path: requirements.path,
    wanted: [],
    names: new Set(requirements.wanted.flatMap(({ name }) => name ?? [])),
  };
  if (choice.type === 'none') {
    const canBeMade = choice.finding.code.startsWith('python_environment') ? [choice.finding] : [];
    const packages = canBeMade.length > 0 ? unchecked(requirements) : [];
    return { declarations, packages, findings: [choice.finding] };
  }
  const has = await listDistributions(choice.facts);
  const checked = (requirements?.wanted ?? []).map((one) => check(one, choice, has));
  const declared = (await Promise.all(checked)).flat();
  const noSdk = await describeSdk({ module, requirements, choice, pythons }, has);
  const findings = [
    ...declared.flatMap((one) => describe(one, requirements, module)),
    ...describeLookalikes(requirements),
    ...(await checkRequiresPython(module, choice.facts)),
    ...noSdk,
  ];
  const packages = [...declared.map(({ is }) => is), ...(noSdk.length > 0 ? [missingSdk] : [])];
  return { declarations, packages, findings };
}

/** Whether the module's own files import the SDK. A word in a comment is taken for one: it costs an install. */
export async function importsSdk(module: DependentModule): Promise<boolean> {
  const project = projectOf(module);
  for (const file of [module.entry, ...(await helpersIn(module.folder))]) {
    const text = await readSource(project, file);
    if (/^[ \t]*(?:from[ \t]+agents[.\s]|import[ \t]+agents\b)/m.test(text)) return true;
  }
  return false;
}

/** Helpers that are looked at: a module has few. */
const MAX_HELPERS = 100;

/** Source files beside a module, and in the folders beside it that can be packages. */
async function helpersIn(folder: string): Promise<string[]> {
  const beside = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const packages = beside.filter((entry) => entry.isDirectory() && /^\w/.test(entry.name));
  const inside = packages.map(async ({ name }) => {
    const files = await readdir(join(folder, name)).catch(() => []);
    return files.map((file) => join(folder, name, file));
  });
  const files = [
    ...beside.map(({ name }) => join(folder, name)),
    ...(await Promise.all(inside)).flat(),
  ];
  return files.filter((file) => file.endsWith('.py')).slice(0, MAX_HELPERS);
}

/** The SDK of a module that imports it without declaring it; an install adds it. */
const missingSdk: CheckedPackage = {
  name: pythonSdk,
  range: '',
  kind: 'dependency',
  place: null,
  state: 'missing',
  found: null,
};

function unchecked(requirements: Requirements | null): CheckedPackage[] {
  return (requirements?.wanted ?? []).map((one) => ({
    ...asPackage(one),
    state: 'missing',
    found: null,
  }));
}

type Found = PythonChoice & { readonly type: 'found' };

/** A requirement and what is there for it; `lacks` are parts of it that only its extras ask for. */
type Checked = {
  readonly one: Requirement;
  readonly is: CheckedPackage;
  readonly lacks: readonly string[];
};

/** Nothing where its marker says that it is not for this Python. */
async function check(
  one: Requirement,
  { facts, isOwn }: Found,
  has: ReadonlyMap<string, Distribution>,
): Promise<Checked[]> {
  const applies = one.marker === null ? true : holdsMarker(one.marker, facts.markers);
  if (applies === false) return [];
  const found = one.name === null ? null : (has.get(one.name) ?? null);
  const copy = found && { ...found, isGatewayCopy: !isOwn };
  const checked = (state: CheckedPackage['state'], lacks: readonly string[] = []) => [
    { one, lacks, is: { ...asPackage(one), state, found: copy } },
  ];
  // Whether it applies, or what it is called, only pip can tell: an environment of its own was made by it.
  if (applies === null || one.name === null) return checked(isOwn ? 'ok' : 'missing');
  if (!found) return checked('missing');
  const fits = !one.isSpecifier || fitsSpecifier(found.version, one.wanted);
  if (!fits) return checked('wrong_version');
  const brings = await broughtBy(found, one.extras, facts.markers);
  const lacks = brings.filter((name) => !has.has(name));
  return checked(lacks.length === 0 ? 'ok' : 'missing', lacks);
}

/** Names of what extras of a distribution bring on this Python; of an unreadable one none. */
async function broughtBy(
  { path }: Distribution,
  extras: readonly string[],
  markers: MarkerValues,
): Promise<string[]> {
  if (extras.length === 0) return [];
  const text = await readFile(join(path, 'METADATA'), 'utf8').catch(() => '');
  return [...text.matchAll(/^Requires-Dist: *([\w.-]+)[^;\n]*;(.*extra.*)$/gm)].flatMap(
    ([, name = '', marker = '']) => {
      const isAsked = (extra: string) => holdsMarker(marker, { ...markers, extra }) === true;
      return extras.some(isAsked) ? [normalName(name)] : [];
    },
  );
}

function asPackage({ name, wanted, place }: Requirement) {
  return { name: name ?? basename(wanted), range: wanted, kind: 'dependency', place } as const;
}

function describe(
  { one, is: { name, range, state, found, place }, lacks }: Checked,
  requirements: Requirements | null,
  { agentId }: DependentModule,
): Finding[] {
  if (state === 'ok' || !requirements) return [];
  const by =
    requirements.kind === 'header' ? 'The header of the module' : basename(requirements.path);
  const whole = one.extras.length > 0 ? `${name}[${one.extras.join(',')}]` : name;
  const wish = range === '' || range === name ? whole : `${whole} (${range})`;
  const what = lacks.length > 0 ? `of which ${lacks.join(' and ')}` : 'which';
  return [
    {
      stage: 'dependencies',
      severity: 'error',
      file: requirements.path,
      ...place,
      ...(state === 'missing'
        ? {
            code: 'missing_dependency',
            message: `${by} asks for ${wish}, ${what} ${lacks.length > 1 ? 'are' : 'is'} not installed.`,
          }
        : {
            code: 'wrong_dependency_version',
            message: `${by} asks for ${wish}, but what is installed is version ${found?.version}.`,
          }),
      hint: `Run \`dropgate deps install ${agentId}\`.`,
    },
  ];
}

function describeLookalikes(requirements: Requirements | null): Finding[] {
  return (requirements?.wanted ?? []).flatMap(({ name, file, place }): Finding[] => {
    const lookalike = name === null ? null : lookalikeOf(name, 'python');
    return name !== null && lookalike
      ? [describeLookalike({ name, file, place }, lookalike, 'python')]
      : [];
  });
}

/** Where the SDK is sought, and what asks for it. */
type Sought = {
  readonly requirements: Requirements | null;
  readonly choice: Found;
  readonly pythons: PythonEnvironments;
};

/** What is imported as `agents` may be another package of that name, which fails in ways that nobody understands. */
async function describeSdk(
  about: Sought & { readonly module: DependentModule },
  has: ReadonlyMap<string, Distribution>,
): Promise<Finding[]> {
  const { module, requirements, choice } = about;
  const isDeclared = requirements?.wanted.some(({ name }) => name === pythonSdk);
  if (isDeclared || has.has(normalName(pythonSdk)) || !(await importsSdk(module))) return [];
  if (isPrepared(about)) return [inPreparation(module)];
  const other = has.get('agents');
  const command =
    requirements || choice.isOwn
      ? `dropgate deps install ${module.agentId}`
      : 'dropgate deps install';
  return [
    {
      stage: 'dependencies',
      code: 'missing_dependency',
      severity: 'error',
      message: other
        ? `The module imports the Agents SDK (${pythonSdk}), but its environment has \`agents\` ${other.version}, another package.`
        : `The module imports the Agents SDK (${pythonSdk}), which its environment does not have (${choice.facts.interpreter}).`,
      file: module.entry,
      hint:
        choice.isOwn && !requirements
          ? `Install it there: ${join(module.folder, environmentFolder, 'bin', 'pip')} install ${pythonSdk}`
          : `Run \`${command}\`.`,
    },
  ];
}

/** Whether the environment that the module would share is being made right now. */
function isPrepared({ requirements, choice, pythons }: Sought): boolean {
  return !requirements && !choice.isOwn && isInstallUnderWay(pythons.sharedFolder);
}

const preparationCode = 'python_environment_in_preparation';

function inPreparation({ entry }: DependentModule): Finding {
  return {
    stage: 'dependencies',
    code: preparationCode,
    severity: 'info',
    file: entry,
    message:
      'The environment that agents in Python share is being made; the agent loads when it is there.',
  };
}

/** Says that a module has to wait for the environment it shares; null where it has not. Never throws. */
export async function findPreparation(
  module: DependentModule,
  pythons: PythonEnvironments,
): Promise<Finding | null> {
  if (!isInstallUnderWay(pythons.sharedFolder)) return null;
  const { findings } = await inspectPython(module, pythons);
  return findings.find(({ code }) => code === preparationCode) ?? null;
}
