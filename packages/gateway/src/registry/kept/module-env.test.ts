import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { readModuleEnv } from './module-env.ts';

test('gives the values of .env and holds back the upstream key, naming its line', async () => {
  const folder = await tempFolder({ '.env': 'CITY="Paris"\nOPENAI_API_KEY=sk-planted\n' });
  const env = await readModuleEnv(folder);
  expect(env.values).toEqual({ CITY: 'Paris' });
  expect(env.findings).toMatchObject([
    { code: 'upstream_key_in_module', severity: 'warning', file: join(folder, '.env'), line: 2 },
  ]);
  expect(JSON.stringify(env.findings)).not.toContain('sk-planted');
});

test('reads a .env as Windows saves it, and names the line that sets nothing', async () => {
  const folder = await tempFolder({ '.env': '\uFEFFCITY=Paris\r\nWEATHER_KEY sk-1\r\n' });
  expect(await readModuleEnv(folder)).toMatchObject({
    values: { CITY: 'Paris' },
    findings: [{ code: 'env_line_unread', severity: 'warning', line: 2 }],
  });
});

test('goes on without a .env in UTF-16, and says so', async () => {
  const folder = await tempFolder({ '.env': '' });
  await writeFile(join(folder, '.env'), Buffer.from('\uFEFFCITY=Paris', 'utf16le'));
  expect(await readModuleEnv(folder)).toMatchObject({
    bytes: null,
    values: {},
    findings: [
      {
        code: 'env_unreadable',
        message: "The module's .env is UTF-16, not UTF-8, so the module runs without it.",
      },
    ],
  });
});

test('takes a folder without .env for an empty one', async () => {
  const folder = await tempFolder();
  expect(await readModuleEnv(folder)).toEqual({
    bytes: null,
    values: {},
    findings: [],
  });
});

test.each([
  ['a pipe', (path: string) => Promise.resolve(makePipe(path))],
  ['a folder', (path: string) => mkdir(path)],
  ['a link to itself', (path: string) => symlink('.env', path)],
])('goes on without a .env that is %s, and says so', async (_what, make) => {
  const folder = await tempFolder();
  await make(join(folder, '.env'));
  expect(await readModuleEnv(folder)).toMatchObject({
    values: {},
    findings: [{ code: 'env_unreadable', severity: 'warning', file: join(folder, '.env') }],
  });
});

test('takes no secrets from where a link leads out of the module', async () => {
  const root = await tempFolder({ '.env': 'COMPANY_KEY=planted', 'A/local.env': 'CITY=Paris' });
  await mkdir(join(root, 'B'));
  await symlink('../.env', join(root, 'B/.env'));
  expect(await readModuleEnv(join(root, 'B'))).toMatchObject({
    bytes: null,
    values: {},
    findings: [{ code: 'env_unreadable', message: expect.stringContaining('leads out of') }],
  });
  await symlink('local.env', join(root, 'A/.env'));
  expect((await readModuleEnv(join(root, 'A'))).values).toEqual({ CITY: 'Paris' });
});
