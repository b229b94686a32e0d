import { dirname, join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { DependencyReport, DependentModule } from './dependency-report.ts';
import { type ImportedPackage, importedPackages } from './imported-packages.ts';
import {
  type CheckedPackage,
  checkInstalled,
  findPackage,
  isServedByGateway,
} from './installed-package.ts';
import { describeLookalike, lookalikeOf } from './lookalikes.ts';
import { type Declarations, readPackageJson } from './package-json.ts';
import type { PythonEnvironments } from './python/environments.ts';
import { inspectPython } from './python/inspect-python.ts';
import { projectOf, readSource } from './read-declared.ts';

/**
 * Says which packages a module declares without having them, in the wrong version, or imports without declaring them,
 * and which names look like another package's. All at stage `dependencies`; one of severity `error` means the module
 * cannot work. Without a file that declares packages there is little to say. Never throws.
 */
export async function checkDependencies(
  module: DependentModule,
  pythons: PythonEnvironments,
): Promise<readonly Finding[]> {
  return (await inspectDependencies(module, pythons)).findings;
}

/** The same with what it was concluded from. */
export async function inspectDependencies(
  module: DependentModule,
  pythons: PythonEnvironments,
): Promise<DependencyReport> {
  if (module.language === 'python') return inspectPython(module, pythons);
  const read = await readPackageJson(module.folder);
  if (read.type === 'absent') return { ...nothing, findings: await findMisspelt(module) };
  if (read.type === 'unusable') return { ...nothing, findings: [read.finding] };
  const { declarations } = read;
  const [packages, imported] = await Promise.all([
    checkInstalled(declarations.wanted, module.folder),
    importedPackages(module),
  ]);
  const findings = [
    ...packages.flatMap((one) => describePackage(one, declarations, module)),
    ...describeLookalikes(declarations, imported),
    ...(await describeUndeclared(declarations, imported, module)),
  ];
  return { declarations, packages, findings };
}

const nothing: DependencyReport = { declarations: null, packages: [], findings: [] };

/** Before the load says of a misspelt package that it can be installed. */
async function findMisspelt(module: DependentModule): Promise<Finding[]> {
  const imported = await importedPackages(module);
  return imported.flatMap((one) => {
    const lookalike = lookalikeOf(one.name, 'node');
    // What is not the SDK is the load's to tell.
    return lookalike?.kind === 'misspelt' ? [describeLookalike(one, lookalike, 'node')] : [];
  });
}

function describePackage(
  one: CheckedPackage,
  { path }: Declarations,
  { agentId }: DependentModule,
): Finding[] {
  if (one.state === 'ok') return [];
  const { name, range, found } = one;
  const copy = found?.isGatewayCopy ? `the gateway's copy is` : 'what is installed is';
  const described =
    one.state === 'missing'
      ? {
          code: 'missing_dependency',
          message: `package.json asks for ${name} (${range}), which is not installed.`,
        }
      : {
          code: 'wrong_dependency_version',
          message: `package.json asks for ${name} (${range}), but ${copy} version ${found?.version ?? 'unknown'}.`,
        };
  const hint = `Run \`dropgate deps install ${agentId}\`.`;
  return [
    { stage: 'dependencies', severity: 'error', ...described, file: path, ...one.place, hint },
  ];
}

function describeLookalikes(
  declarations: Declarations,
  imported: readonly ImportedPackage[],
): Finding[] {
  const declared = declarations.wanted.map(({ name, place }) => ({
    name,
    place,
    file: declarations.path,
  }));
  const undeclared = imported.filter(({ name }) => !declarations.names.has(name));
  return [...declared, ...undeclared].flatMap((one) => {
    const lookalike = lookalikeOf(one.name, 'node');
    return lookalike ? [describeLookalike(one, lookalike, 'node')] : [];
  });
}

async function describeUndeclared(
  declarations: Declarations,
  imported: readonly ImportedPackage[],
  module: DependentModule,
): Promise<Finding[]> {
  const undeclared = imported.filter(
    ({ name }) =>
      !declarations.names.has(name) &&
      !isServedByGateway(name) &&
      lookalikeOf(name, 'node') === null,
  );
  const findings: Finding[] = [];
  for (const { name, file, place } of undeclared) {
    const found = await findPackage(name, module.folder);
    if (!found && (await mapsPaths(module))) continue;
    findings.push({
      stage: 'dependencies',
      code: 'undeclared_dependency',
      severity: 'warning',
      message: found
        ? `The module imports ${name}, which package.json does not declare; it works by chance, with the copy at ${found.path}.`
        : `The module imports ${name}, which package.json does not declare.`,
      file,
      ...place,
      hint: `Add "${name}": "${found?.version ? `^${found.version}` : '*'}" to its "dependencies", then run \`dropgate deps install ${module.agentId}\`.`,
    });
  }
  return findings;
}

/**
 * What a module imports that is nowhere to be found, where it has no package.json that could declare it. At a load the
 * import itself says so.
 */
export async function describeUnwritten(module: DependentModule): Promise<Finding[]> {
  const imported = await importedPackages(module);
  const strangers = imported.filter(
    ({ name }) => !isServedByGateway(name) && lookalikeOf(name, 'node') === null,
  );
  const findings: Finding[] = [];
  for (const { name, file, place } of strangers) {
    if ((await findPackage(name, module.folder)) || (await mapsPaths(module))) continue;
    findings.push({
      stage: 'dependencies',
      code: 'undeclared_dependency',
      severity: 'error',
      message: `The module imports ${name}, which is not installed, and has no package.json that declares it.`,
      file,
      ...place,
      hint: `Run \`npm install ${name} --prefix ${dirname(module.modulePath)}\`.`,
    });
  }
  return findings;
}

/** With `paths` or `baseUrl` a bare name may well be a file of the author's. */
async function mapsPaths(module: DependentModule): Promise<boolean> {
  const text = await readSource(projectOf(module), join(module.folder, 'tsconfig.json'));
  return /"(paths|baseUrl)"\s*:/.test(text);
}
