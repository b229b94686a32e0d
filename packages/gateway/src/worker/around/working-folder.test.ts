import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startNodeWorker, writeModule } from '../../../test/support/node-worker.ts';
import { writeFiles } from '../../../test/support/temp-folder.ts';

const inOwnFolder = `
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const byPath = readFileSync(join(import.meta.dirname, '../.env'), 'utf8');
const awaited = await readFile(new URL('../.env', import.meta.url), 'utf8');
process.loadEnvFile('../.env');
process.loadEnvFile();
const data = readFileSync('data.txt', 'utf8');
console.log(JSON.stringify({ cwd: process.cwd(), data, byPath, awaited, REAL: process.env.REAL, OWN: process.env.OWN }));
export const agent = { run: () => readFileSync('../.env', 'utf8') + 'nothing' };
`;

test('a module works in its own folder, and the .env of the root is empty to it', async () => {
  const load = await writeModule({
    'agent.ts': inOwnFolder,
    'data.txt': 'mine',
    '.env': 'OWN=1\n',
  });
  await writeFiles(join(load.folder, '..'), { '.env': 'REAL=sk-real\n' });
  const worker = await startNodeWorker(join(load.folder, '..'));
  const answer = await worker.load(load);
  if (answer.type !== 'loaded') throw new Error(JSON.stringify(answer.findings));
  expect(answer.manifest.warnings).toMatchObject(
    [6, 7, 8].map((line) => ({ code: 'root_env_withheld', file: load.entry, line })),
  );
  worker.run('hi');
  expect(await worker.next('event')).toMatchObject({ event: { type: 'text', delta: 'nothing' } });
  worker.send({ type: 'shutdown' });
  const [printed = '', told] = (await worker.ended).output.split('\n');
  expect(JSON.parse(printed)).toEqual({
    cwd: load.folder,
    data: 'mine',
    byPath: '',
    awaited: '',
    OWN: '1',
  });
  expect(told).toBe(
    "src/agents/Written/agent.ts reads the .env in the project root, which is the gateway's own: to agents it is empty.",
  );
});

const inRoot = (cwd: string) => `
import { readFileSync } from 'node:fs';
export const __gateway__ = { cwd: ${cwd} };
const read = () => ({ cwd: process.cwd(), env: readFileSync('.env', 'utf8') });
console.log(JSON.stringify(read()));
export const agent = { run: () => JSON.stringify(read()) };
`;

test.each([
  ["'project' as const", '', 'root_env_withheld'],
  ["['project'][0]", 'Written', 'cwd_applied_late'],
])('a module with cwd: %s works in the root', async (cwd, first, code) => {
  const load = await writeModule({ 'agent.ts': inRoot(cwd), '.env': 'OWN=1\n' });
  const root = join(load.folder, '..');
  await writeFiles(root, { '.env': 'REAL=sk-real\n' });
  const worker = await startNodeWorker(root);
  const answer = await worker.load(load);
  expect(answer).toMatchObject({ type: 'loaded', manifest: { settings: { cwd: 'project' } } });
  expect(answer.type === 'loaded' && answer.manifest.warnings).toMatchObject([{ code }]);
  worker.run('hi');
  const { event } = await worker.next('event');
  expect(event).toEqual({ type: 'text', delta: JSON.stringify({ cwd: root, env: '' }) });
  worker.send({ type: 'shutdown' });
  const [printed = ''] = (await worker.ended).output.split('\n');
  expect(JSON.parse(printed)).toMatchObject({ cwd: join(root, first) });
});
