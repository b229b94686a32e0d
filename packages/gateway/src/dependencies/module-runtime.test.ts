import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { createModuleRuntimes } from './module-runtime.ts';

test('an agent in TypeScript is loaded again for installs in its folder and in the project', async () => {
  const projectRoot = await tempFolder();
  const stateFolder = join(projectRoot, '.dropgate');
  const { findRuntime } = createModuleRuntimes({ stateFolder, python: null, environment: {} });
  const folder = join(projectRoot, 'src/agents/A');
  const runtime = await findRuntime({
    agentId: 'default/a',
    modulePath: 'src/agents/A/agent.ts',
    name: 'A',
    language: 'node',
    folder,
    entry: join(folder, 'agent.ts'),
  });
  expect(runtime).toEqual({
    interpreter: null,
    finding: null,
    watched: [
      join(folder, 'package.json'),
      join(folder, 'node_modules/.package-lock.json'),
      join(projectRoot, 'node_modules/.package-lock.json'),
    ],
  });
});
