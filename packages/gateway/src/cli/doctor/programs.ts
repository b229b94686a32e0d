import type { Config } from '../../config/config.ts';
import { findPackage } from '../../dependencies/installed-package.ts';
import { findDistribution } from '../../dependencies/python/distributions.ts';
import { createPythonEnvironments } from '../../dependencies/python/environments.ts';
import { findProgram } from '../../system/files.ts';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

/** The programs that agents run on, and that fetch what they need. */
export async function programsHealth(config: Config, stateFolder: string): Promise<HealthCheck[]> {
  const { environment } = config;
  const uv = await findProgram('uv', environment.PATH ?? '');
  return [
    ok('Node', process.version),
    await sdkHealth(config),
    ...(await pythonHealth(config, stateFolder)),
    uv
      ? ok('uv', uv)
      : warn(
          'uv',
          'There is none, so packages for Python are installed with pip.',
          'Install uv (https://docs.astral.sh/uv): it is faster, and brings Pythons.',
        ),
  ];
}

/** What an agent without a copy of its own is served with. */
async function sdkHealth({ projectRoot }: Config): Promise<HealthCheck> {
  const found = await findPackage('@openai/agents', projectRoot);
  if (!found) {
    const fix = 'Install dropgate again: it brings @openai/agents.';
    return fail('Agents SDK', 'There is no @openai/agents.', fix);
  }
  const whose = found.isGatewayCopy ? 'which comes with the gateway' : 'of this project';
  return ok('Agents SDK', `@openai/agents ${found.version}, ${whose}`);
}

async function pythonHealth(config: Config, stateFolder: string): Promise<HealthCheck[]> {
  const { environment, python } = config;
  const environments = createPythonEnvironments({ stateFolder, python, environment });
  const choice = await environments.base(config.projectRoot);
  if (choice.type === 'found') {
    return [ok('Python', choice.facts.version), await pythonSdkHealth(choice.facts)];
  }
  const { message, hint = 'Install Python 3.10 or newer.' } = choice.finding;
  return [warn('Python', message, `${hint} Agents in TypeScript need none.`)];
}

async function pythonSdkHealth(
  facts: Parameters<typeof findDistribution>[1],
): Promise<HealthCheck> {
  const found = await findDistribution('openai-agents', facts);
  const none = 'not in this Python; `dropgate deps install` gets it for agents that need it';
  return ok('Agents SDK, Python', found ? `openai-agents ${found.version}` : none);
}
