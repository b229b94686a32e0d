import { dirname, join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FindRuntime, FoundModule } from '../protocol/module.ts';
import { checkDependencies } from './inspect-dependencies.ts';
import { installMark } from './install/staging.ts';
import {
  createPythonEnvironments,
  environmentFolder,
  type PythonDeps,
  type PythonEnvironments,
  pythonLockFile,
} from './python/environments.ts';
import { findPreparation } from './python/inspect-python.ts';
import { readRequirements, requirementFiles } from './python/requirements.ts';

/** What is known about runtimes and packages of modules. Neither function throws. */
export type ModuleRuntimes = {
  readonly findRuntime: FindRuntime;
  readonly checkDependencies: (module: FoundModule) => Promise<readonly Finding[]>;
};

/** What npm writes at the end of an install. */
const packagesMark = join('node_modules', '.package-lock.json');

export function createModuleRuntimes(deps: PythonDeps): ModuleRuntimes {
  const pythons = createPythonEnvironments(deps);
  // Packages that all agents of a project may use lie beside the state folder.
  const sharedMark = join(dirname(deps.stateFolder), packagesMark);
  return {
    findRuntime: createFindRuntime(pythons, sharedMark),
    checkDependencies: (module) => checkDependencies(module, pythons),
  };
}

/** Finds what modules of either language run on. Never throws. */
function createFindRuntime(pythons: PythonEnvironments, sharedMark: string): FindRuntime {
  return async (module) => {
    const { folder } = module;
    if (module.language === 'node') {
      const watched = [join(folder, 'package.json'), join(folder, packagesMark), sharedMark];
      return { interpreter: null, finding: null, watched };
    }
    const [choice, read] = await Promise.all([pythons.choose(module), readRequirements(module)]);
    const watched = [
      ...requirementFiles.map((name) => join(folder, name)),
      ...(read.type === 'read' ? read.requirements.files : []),
      ...environmentFiles(folder),
      ...environmentFiles(pythons.sharedFolder),
    ];
    const preparation = await findPreparation(module, pythons);
    if (preparation) {
      const mark = installMark(pythons.sharedFolder);
      return { interpreter: null, finding: preparation, watched: [...watched, mark] };
    }
    return choice.type === 'found'
      ? { interpreter: choice.facts.interpreter, finding: null, watched }
      : { interpreter: null, finding: choice.finding, watched };
  };
}

/** What changes when the environment in a folder is made anew. */
function environmentFiles(folder: string): string[] {
  return [join(folder, pythonLockFile), join(folder, environmentFolder, 'pyvenv.cfg')];
}
