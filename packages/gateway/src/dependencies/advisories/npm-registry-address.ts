import type { EnvironmentVariables } from '../install/install-result.ts';
import { installerVariables } from '../install/installer-variables.ts';
import { findNpm, runNpm } from '../install/npm.ts';

/** The one that npm itself asks where nobody names another. */
const publicRegistry = 'https://registry.npmjs.org';

/** npm reads some files for it. */
const TIMEOUT_MS = 20_000;

/** The registry that npm would ask in a folder, by its settings; npm's own where there is no npm. Never rejects. */
export async function npmRegistryAddress(
  folder: string,
  environment: EnvironmentVariables,
  signal: AbortSignal,
): Promise<string> {
  const variables = installerVariables(environment, { installer: 'npm', credentials: 'given' });
  const run = { folder, environment: variables, signal, timeoutMs: TIMEOUT_MS, onStart: () => {} };
  const said = await findNpm(environment)
    .then((npm) => runNpm(npm, ['config', 'get', 'registry'], run))
    .catch(() => '');
  return said.split('\n').findLast((line) => URL.canParse(line)) ?? publicRegistry;
}
