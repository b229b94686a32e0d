import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';
import { writeFiles } from '../../../test/support/temp-folder.ts';
import { needsGatewaySdk } from './sdk-copy.ts';

const plain = `export const agent = { run: () => 'Hi' };\n`;
const imports = `import { Agent } from '@openai/agents';\n`;
const requires = `const { Agent } = require('@openai/agents-core');\n`;

test.each([
  ['imports it', 'agent.ts', imports, true],
  ['requires its core', 'agent.cjs', requires, true],
  ['does without', 'agent.ts', plain, false],
  ['cannot be read', 'agent.ts', '\0', false],
])('is told of a module that %s', async (_what, file, text, answer) => {
  expect(needsGatewaySdk(await writeModule({ [file]: text }))).toBe(answer);
});

test('is no matter of a module that brings its own', async () => {
  const load = await writeModule({ 'agent.ts': imports });
  await writeFiles(load.folder, { 'node_modules/@openai/agents/package.json': '{}' });
  expect(needsGatewaySdk(load)).toBe(false);
});

test('is told by the bytes that were kept, whatever lies on disk', async () => {
  const load = await writeModule({ 'agent.ts': plain });
  const sha256 = createHash('sha256').update(imports).digest('hex');
  await mkdir(load.keptFolder, { recursive: true });
  await writeFile(join(load.keptFolder, sha256), imports);
  expect(needsGatewaySdk({ ...load, kept: { [load.entry]: sha256 } })).toBe(true);
  await rm(load.entry);
  expect(needsGatewaySdk({ ...load, kept: { [load.entry]: sha256 } })).toBe(true);
});

test('a worker gives the same copy to a module of which only a helper names the SDK', async () => {
  const load = await writeModule({
    'agent.ts': `export { agent } from './made.ts';\n`,
    'made.ts': `${imports}export const agent = new Agent({ name: 'Made', instructions: 'Help.' });\n`,
  });
  const worker = await startNodeWorker(join(load.folder, '..'));
  expect(await worker.load(load)).toMatchObject({
    type: 'loaded',
    manifest: { kind: 'agent', agents: [{ name: 'Made' }], sdk: { own: false } },
  });
});
