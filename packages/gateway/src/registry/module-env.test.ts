import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
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

test('takes a folder without .env for an empty one', async () => {
  const folder = await tempFolder();
  expect(await readModuleEnv(folder)).toEqual({
    path: join(folder, '.env'),
    values: {},
    findings: [],
  });
});
