import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { installPacked, packGateway } from '../support/packed-gateway.ts';
import { packageRoot } from './harness.ts';
import { createProject } from './project.ts';

const run = promisify(execFile);

test('the package is as npm and editors take it: types for modules, and for CommonJS that requires them', async () => {
  const project = await createProject({});
  const archive = await packGateway(project.root);
  await installPacked(archive, project.root);
  const lint = join(packageRoot, '../../node_modules/.bin');
  await run(join(lint, 'publint'), ['run', archive, '--strict']);
  // Node 24 requires modules, which the profile for packages of modules alone leaves out.
  await run(join(lint, 'attw'), ['--profile', 'esm-only', archive]);
  const parts = {
    dropgate: 'createGateway',
    'dropgate/agent': 'gatewayTool',
    'dropgate/testing': 'startTestGateway',
  };
  const names = Object.entries(parts);
  const imports = names.map(([from, name]) => `import { ${name} } from '${from}';\nvoid ${name};`);
  const requires = names.map(
    ([from, name]) => `import ${name} = require('${from}');\nvoid ${name}.${name};`,
  );
  const required = names.map(([from, name]) => `typeof require('${from}').${name}`);
  await project.write({ 'types/a.mts': imports.join('\n'), 'types/b.cts': requires.join('\n') });
  const strict = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2024',
  ];
  await run(join(lint, 'tsc'), [...strict, '--types', '', 'types/a.mts', 'types/b.cts'], {
    cwd: project.root,
  });
  const script = `console.log(${required.join(', ')})`;
  const { stdout } = await run(process.execPath, ['-e', script], { cwd: project.root });
  expect(stdout).toBe('function function function\n');
  await project.remove();
});
