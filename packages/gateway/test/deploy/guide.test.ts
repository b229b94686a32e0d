import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { environmentVariables } from '../../src/config/environment.ts';
import { blocks, guide } from '../acceptance/guide.ts';
import { inOrder, promised } from '../guides/pages.ts';
import { launcher } from '../support/cli-process.ts';
import { tempFolder } from '../support/temp-folder.ts';

const run = promisify(execFile);
const workspace = join(import.meta.dirname, '../../../..');
const page = guide('Deployment.md');

test('the guide to deployment works when its commands are run in a project', async () => {
  const settings = `${blocks(page, 'yaml').join('')}worker: { spares: 0 }\n`;
  const folder = await tempFolder({ 'gateway.yaml': settings, 'package.json': '{}' });
  await cp(join(workspace, 'src/agents/SampleAgent'), join(folder, 'src/agents/SampleAgent'), {
    recursive: true,
  });
  const program = join(folder, 'dropgate');
  await writeFile(program, `#!/bin/sh\nexec "${process.execPath}" "${launcher}" "$@"\n`);
  await chmod(program, 0o755);
  const script = blocks(page, 'sh').join('\n');
  const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder };
  const { stdout } = await run('sh', ['-eu', '-c', script], { cwd: folder, env });
  expect(promised(script)).toEqual(['ProtectSystem=strict', 'Dockerfile']);
  expect(inOrder(stdout, promised(script))).toEqual(promised(script));
});

test('the guide to deployment names files and variables that there are', async () => {
  const files = [...page.matchAll(/(?:\(\.\.\/\.\.\/|`| )(deploy\/[\w./-]+\w)/g)].map(
    ([, path]) => path,
  );
  const missing = files.filter((path = '') => !existsSync(join(workspace, path)));
  expect([...new Set(missing)]).toEqual([]);
  expect(files.length).toBeGreaterThan(8);
  const known = environmentVariables.map(({ name }) => name);
  const named = [...new Set(page.match(/\bGATEWAY_\w+/g))];
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
  const values = await readFile(join(workspace, 'deploy/helm/dropgate/values.yaml'), 'utf8');
  for (const name of ['networkPolicy', 'persistence', 'serviceMonitor', 'replicas']) {
    expect(values).toMatch(new RegExp(`^${name}:`, 'm'));
  }
});
