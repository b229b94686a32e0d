import type { Config } from '../../config/config.ts';
import { createPythonEnvironments } from '../../dependencies/python/environments.ts';
import { findProgram } from '../../system/files.ts';
import { type HealthCheck, ok, warn } from './health-check.ts';

/** The programs that agents run on, and that fetch what they need. */
export async function programsHealth(config: Config, stateFolder: string): Promise<HealthCheck[]> {
  const { environment } = config;
  const uv = await findProgram('uv', environment.PATH ?? '');
  return [
    ok('Node', process.version),
    await pythonHealth(config, stateFolder),
    uv
      ? ok('uv', uv)
      : warn(
          'uv',
          'There is none, so packages for Python are installed with pip.',
          'Install uv (https://docs.astral.sh/uv): it is faster, and brings Pythons.',
        ),
  ];
}

async function pythonHealth(config: Config, stateFolder: string): Promise<HealthCheck> {
  const { environment, python } = config;
  const environments = createPythonEnvironments({ stateFolder, python, environment });
  const choice = await environments.base(config.projectRoot);
  if (choice.type === 'found') return ok('Python', choice.facts.version);
  const { message, hint = 'Install Python 3.10 or newer.' } = choice.finding;
  return warn('Python', message, `${hint} Agents in TypeScript need none.`);
}
