import { basename, join } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { DependentModule } from '../dependency-report.ts';
import { projectOf, readDeclared, readSource } from '../read-declared.ts';
import type { PythonFacts } from './probe.ts';
import { plainString, scriptHeader } from './toml-list.ts';
import { fitsSpecifier, isSpecifier } from './version.ts';

/**
 * Warns where a module asks for another Python than the one it gets, in the `requires-python` of its `pyproject.toml`
 * or of its own header. Most of what asks for a newer one runs all the same. Never throws.
 */
export async function checkRequiresPython(
  module: DependentModule,
  { version, interpreter }: PythonFacts,
): Promise<Finding[]> {
  const project = join(module.folder, 'pyproject.toml');
  const declared = await readDeclared(module.folder, project).catch(() => '');
  const header = scriptHeader(await readSource(projectOf(module), module.entry)) ?? '';
  const asked = [
    { file: project, written: plainString(declared, 'project', 'requires-python') },
    { file: module.entry, written: plainString(header, null, 'requires-python') },
  ];
  return asked.flatMap(({ file, written }): Finding[] => {
    const fits = !written || !isSpecifier(written.text) || fitsSpecifier(version, written.text);
    if (fits) return [];
    return [
      {
        stage: 'dependencies',
        code: 'python_version_unfit',
        severity: 'warning',
        message: `${basename(file)} asks for Python ${written.text}; the agent gets ${version} (${interpreter}).`,
        file,
        ...written.place,
        hint: `Name one that fits with GATEWAY_PYTHON, then run \`dropgate deps install ${module.agentId}\`.`,
      },
    ];
  });
}
